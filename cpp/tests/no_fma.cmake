# Kernels give bits as they are written: no object of theirs may hold a fused multiply-add, which rounds once where the
# source rounds twice. Relevance (lrp_*) fuses on purpose and shows that this test can see one.
#
#   cmake -DOBJDUMP=objdump -DOBJECTS=a.o|b.o -P no_fma.cmake
string(REPLACE "|" ";" objects "${OBJECTS}")
set(free 0)
foreach(object IN LISTS objects)
  execute_process(COMMAND "${OBJDUMP}" -d "${object}" OUTPUT_VARIABLE code COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "\t(vfn?m(add|sub)|fn?m(add|sub)|fml[as])[a-z0-9]*" found "${code}")
  string(REGEX MATCH "\t(v?mul[ps]d|fmul)" multiplies "${code}")
  list(LENGTH found count)
  get_filename_component(name "${object}" NAME)
  message(STATUS "${name}: ${count} fused")
  if(name MATCHES "^lrp_avx" AND count EQUAL 0)
    message(FATAL_ERROR "${name} has no fused multiply-add: this test sees none, or -mfma got lost")
  elseif(NOT name MATCHES "^lrp_" AND count GREATER 0)
    message(FATAL_ERROR "${name} has ${count} fused multiply-adds: was -ffp-contract=off lost?")
  elseif(multiplies AND NOT name MATCHES "^lrp_")
    math(EXPR free "${free} + 1")
  endif()
endforeach()
if(free EQUAL 0)
  message(FATAL_ERROR "none of the objects multiplies anything: were the kernels among them?")
endif()
