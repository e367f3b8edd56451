#pragma once

/** Marks what runs on the host and on a CUDA device alike. */
#ifdef __CUDACC__
#define LETHE_HOST_DEVICE __host__ __device__
#else
#define LETHE_HOST_DEVICE
#endif
