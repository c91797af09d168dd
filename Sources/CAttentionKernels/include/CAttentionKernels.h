#ifndef C_ATTENTION_KERNELS_H
#define C_ATTENTION_KERNELS_H
int ak_placeholder(void);
#endif
