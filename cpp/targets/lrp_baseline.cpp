// LRP for the baseline build. A file of its own: it may fuse multiplication and addition, the features must not.
#define JQFAST_TARGET baseline
#include "lrp_all.inl.hpp"
