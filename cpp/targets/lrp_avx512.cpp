// LRP for the avx512 build. A file of its own: it may fuse multiplication and addition, the features must not.
#define JQFAST_TARGET avx512
#include "lrp_all.inl.hpp"
