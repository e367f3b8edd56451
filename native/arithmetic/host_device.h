#pragma once

/** Marks functions that run on the host and on a CUDA device, and loops that a device unrolls. */
#ifdef __CUDACC__
#define LETHE_HOST_DEVICE __host__ __device__
#define LETHE_UNROLL _Pragma("unroll")
#define LETHE_UNROLL_BY_4 _Pragma("unroll 4")
/** Keeps a function's registers apart from its caller's. */
#define LETHE_NOINLINE __noinline__
#else
#define LETHE_HOST_DEVICE
#define LETHE_UNROLL
#define LETHE_UNROLL_BY_4
#define LETHE_NOINLINE
#endif
