// How many threads a kernel uses: as many as asked for, up to 256, or every core for 0.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

namespace d2f {

constexpr int MOST_THREADS = 256; // more than any use; the system refuses many thousands by ending the program

inline int thread_count(int asked) {
#ifdef _OPENMP
    return asked > 0 ? (asked < MOST_THREADS ? asked : MOST_THREADS) : omp_get_num_procs();
#else
    (void)asked;
    return 1;
#endif
}

}  // namespace d2f
