// Saved states changed at random: a state is refused, or it is one and goes on. So is one whose checksum was made to
// fit. Never a crash.
//
//   fuzz_session SECONDS SEED
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include "jqfast/error.hpp"
#include "jqfast/session.hpp"
#include "runs.hpp"
#include "src/hash.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Session;

void feed(Session& session, Random& random, std::size_t rows) {
  const std::size_t N = session.stocks();
  const std::vector<Panel> inputs{gaps(rows, N, random), noise(rows, N, random), noise(rows, 1, random)};
  std::vector<jqfast::PanelView<const double>> views;
  for (const Panel& p : inputs) views.push_back(p.view());
  static const std::size_t outputs = jqfast::decode_plan(every_operation()).outputs;
  std::vector<double> values(outputs * rows * N);
  jqfast::Output out;
  out.f64 = values.data();
  out.sessions = rows;
  out.stocks = N;
  session.feed(views, all_rows(rows), out, {});
}

// Bytes flipped, cut, repeated, overwritten by others of the state.
void change(std::vector<std::byte>& bytes, Random& random) {
  for (std::size_t round = 1 + random.below(3); round > 0 && !bytes.empty(); --round) {
    const std::size_t place =
        random.chance(0.5) ? random.below(std::min<std::size_t>(56, bytes.size())) : random.below(bytes.size());
    switch (random.below(4)) {
      case 0: bytes[place] ^= std::byte(1u << random.below(8)); break;
      case 1: bytes.resize(place); break;
      case 2: bytes.insert(bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(place)); break;
      default: bytes[place] = bytes[random.below(bytes.size())]; break;
    }
  }
}

// Numbers of the carried state replaced, and a checksum that fits.
void forge(std::vector<std::byte>& bytes, Random& random) {
  constexpr std::size_t kHead = 48, kSum = sizeof(std::uint64_t);
  constexpr double kStrange[] = {
      -1.0, 0.5, 1e9, -1e300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()};
  for (std::size_t left = 1 + random.below(200); left > 0 && bytes.size() > kHead + kSum; --left) {
    const std::size_t place = random.below((bytes.size() - kHead - kSum) / sizeof(double)) * sizeof(double);
    std::memcpy(bytes.data() + kHead + place, &kStrange[random.below(std::size(kStrange))], sizeof(double));
  }
  const std::uint64_t sum = jqfast::hash_of(std::span(bytes).first(bytes.size() - kSum));
  std::memcpy(bytes.data() + bytes.size() - kSum, &sum, kSum);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 3.0;
  Random random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  const jqfast::Executor executor(jqfast::decode_plan(every_operation()), jqfast::baseline_kernels());
  const std::time_t start = std::time(nullptr);
  std::size_t tried = 0, refused = 0, failed = 0, forged = 0;
  while (std::difftime(std::time(nullptr), start) < seconds) {
    Session session(executor, random.below(20));
    for (std::size_t piece = random.below(4); piece > 0; --piece) feed(session, random, 1 + random.below(50));
    std::vector<std::byte> whole(session.saved_size());
    session.save(whole);
    for (int i = 0; i < 20; ++i, ++tried) {
      auto bytes = whole;
      const bool fits = random.chance(0.5);
      fits ? forge(bytes, random) : change(bytes, random);
      try {
        Session loaded = Session::load(executor, bytes);
        (fits ? forged : failed) += bytes != whole;
        feed(loaded, random, 1 + random.below(40));
      } catch (const jqfast::StateError&) {
        ++refused;
      }
    }
  }
  std::printf("fuzz_session: %zu states, %zu refused, %zu forged and taken, %zu wrongly taken\n", tried, refused,
              forged, failed);
  return failed == 0 && refused > 0 && forged > 0 ? 0 : 1;
}
