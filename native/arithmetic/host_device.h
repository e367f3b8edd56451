#pragma once

/** Marks what runs on the host and on a CUDA device alike, and loops whose arrays are registers. */
#ifdef __CUDACC__
#define LETHE_HOST_DEVICE __host__ __device__
#define LETHE_UNROLL _Pragma("unroll")
#else
#define LETHE_HOST_DEVICE
#define LETHE_UNROLL
#endif
