// Statistics since the first session.
#include "check.hpp"
#include "verify.hpp"

using namespace jqfast::test;
using jqfast::Op;

int main() {
  for (const auto& set : datasets()) {
    for (const std::uint32_t least : {1u, 3u, 40u}) {
      Random random(23);
      verify_operation(Op::expanding, {set.make(70, 3, random)}, 0, least, std::string("expanding: ") + set.name);
    }
  }
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    Random random(N);
    verify_operation(Op::expanding, {gaps(12, N, random)}, 0, 2, "expanding, N " + std::to_string(N));
  }
  return report("expanding");
}
