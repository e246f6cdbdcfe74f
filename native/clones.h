// D2F_CLONES: compile a function once per instruction set and choose when the program starts.
// Put it on serial inner loops only: a function with an OpenMP region loses the choice inside it.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_UNDEFINED__) && !defined(D2F_NO_CLONES)
#define D2F_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define D2F_CLONES
#endif
