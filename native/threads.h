// How many threads a kernel uses: as many as asked for, or every core for 0.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

namespace d2f {

inline int thread_count(int asked) {
#ifdef _OPENMP
    return asked > 0 ? asked : omp_get_num_procs();
#else
    (void)asked;
    return 1;
#endif
}

}  // namespace d2f
