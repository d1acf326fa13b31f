// LRP for the avx2 build. A file of its own: it may fuse multiplication and addition, the features must not.
#define JQFAST_TARGET avx2
#include "lrp_all.inl.hpp"
