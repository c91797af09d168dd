#include "CAttentionKernels.h"
int ak_placeholder(void) { return 0; }
