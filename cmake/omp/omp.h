// The part of OpenMP's API that FAISS's headers want, as GCC's libgomp has it: clang's package has
// no omp.h, and GCC's is of GCC alone.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  unsigned char bytes[4] __attribute__((aligned(4)));
} omp_lock_t;

void omp_init_lock(omp_lock_t* lock);
void omp_destroy_lock(omp_lock_t* lock);
void omp_set_lock(omp_lock_t* lock);
void omp_unset_lock(omp_lock_t* lock);
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);

#ifdef __cplusplus
}
#endif
