// Sessions fed as they come. The state lives in one of two shapes: tiles of many stocks and one row, for the daily
// update, or the batch's own, for many rows at once; it is moved from one to the other when the kind of work changes.
#include "jqfast/session.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hash.hpp"
#include "jqfast/error.hpp"
#include "lanes.hpp"
#include "run.hpp"

namespace jqfast {
namespace {

// Wider tiles of single rows: the cost of calling a kernel is shared by more stocks, and scratch is one row.
constexpr std::size_t kStreamWidth = 512;

// From this many rows on, moving the state into the batch's shape pays.
constexpr std::size_t kManyRows = 32;

// Stocks that may be appended before the state has to move: one in sixty-four, and one lane that is always missing.
constexpr std::size_t lanes_for(std::size_t stocks) { return stocks + stocks / 64 + 1; }

Shape stream_shape(std::size_t stocks, std::size_t threads) {
  const std::size_t lanes = row_length(lanes_for(stocks));
  const std::size_t tiles = std::max((lanes + kStreamWidth - 1) / kStreamWidth, std::min(threads, lanes / kGroup));
  return {1, row_length((lanes + tiles - 1) / tiles), lanes};
}

// The head of saved bytes. Raise the version when the format changes or a kernel gives its carried state another
// meaning.
constexpr std::uint32_t kStateVersion = 2;
constexpr std::uint64_t kMaxStocks = std::uint64_t{1} << 32, kMaxRows = std::uint64_t{1} << 48;
constexpr std::string_view kMagic = "jqfast-state";

struct Head {
  char magic[12] = {};
  std::uint32_t version = kStateVersion;
  std::uint64_t plan = 0;
  std::uint64_t rows = 0;
  std::uint64_t stocks = 0;
  std::uint64_t group_size = 0;
};
static_assert(sizeof(Head) == 48);

}  // namespace

struct Session::State {
  const Executor& executor;
  std::size_t stocks;
  std::uint64_t rows = 0;
  bool broken = false;
  Carried carried;
  Scratch scratch;

  [[nodiscard]] const Program& program() const noexcept { return *executor.program_; }
  [[nodiscard]] std::uint64_t plan_hash() const { return hash_of(std::as_bytes(std::span(executor.plan_.text))); }

  // The lane after the last stock is always missing.
  [[nodiscard]] std::size_t groups() const noexcept { return stocks / kGroup + 1; }

  [[nodiscard]] Shape wanted(std::size_t count, const RunOptions& options) const {
    const Shape& now = carried.shape();
    if (options.chunk != 0 || options.width != 0) return choose_shape(program(), lanes_for(stocks), count, options);
    const bool stays = now.tiles > 0 && (now.chunk == 1 ? count < kManyRows : count != 1);
    if (stays) return now;
    return count < kManyRows ? stream_shape(stocks, options.threads)
                             : choose_shape(program(), lanes_for(stocks), count, options);
  }

  void take(const Shape& shape) {
    const Shape& now = carried.shape();
    if (now.tiles > 0 && now.chunk == shape.chunk && now.width == shape.width && now.lanes() > stocks) return;
    if (now.tiles > 0) {
      carried = reshaped(program(), carried, rows, stocks, shape);
    } else {
      carried = Carried(program(), shape);
    }
  }

  // Makes room for new stocks behind the last, and for one lane more, that is always missing.
  void widen(std::size_t total) {
    if (carried.shape().tiles > 0 && total >= carried.shape().lanes()) {
      const Shape& now = carried.shape();
      carried = reshaped(program(), carried, rows, stocks, Shape(now.chunk, now.width, lanes_for(total)));
    }
    stocks = total;
  }

  void refuse_broken() const {
    if (broken) throw StateError("An update over many rows was interrupted, and the state with it; load a saved one.");
  }
};

Session::Session(const Executor& executor, std::size_t stocks)
    : state_(std::make_unique<State>(State{executor, stocks, 0, false, {}, {}})) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::size_t Session::stocks() const noexcept { return state_->stocks; }
std::uint64_t Session::rows() const noexcept { return state_->rows; }
std::size_t Session::state_bytes() const noexcept { return state_->carried.bytes(); }

RunStats Session::feed(std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
                       const Output& out, const RunOptions& options) {
  State& s = *state_;
  Output target = out;
  if (target.pitch == 0) target.pitch = target.stocks;
  s.refuse_broken();
  check_task(s.executor.plan_, inputs, rows, target, options);
  if (target.stocks < s.stocks) {
    throw std::invalid_argument("The session has " + std::to_string(s.stocks) + " stocks; the output has " +
                                std::to_string(target.stocks) + ". Stocks that leave keep their place.");
  }
  const std::size_t before = s.stocks;
  RunOptions own = options;
  if (rows.size() == 1) own.poll = nullptr;
  bool begun = false;
  try {
    s.widen(target.stocks);
    s.take(s.wanted(rows.size(), options));
    const Task task{s.program(), *s.executor.kernels_, inputs, rows, target, s.carried, s.scratch, s.rows, true,
                    &begun};
    const RunStats stats = run_task(task, own);
    s.rows += rows.size();
    return stats;
  } catch (...) {
    s.broken = begun && s.rows > 0;
    if (begun && !s.broken) s.carried = Carried();  // there was no state to lose
    if (!s.broken) s.stocks = before;               // the lanes of new stocks are still those of missing ones
    throw;
  }
}

std::size_t Session::saved_size() const {
  return sizeof(Head) + state_->groups() * group_size(state_->program()) * sizeof(double) + sizeof(std::uint64_t);
}

void Session::save(std::span<std::byte> to) const {
  State& s = *state_;
  s.refuse_broken();
  if (to.size() != saved_size()) throw std::invalid_argument("`to` must have the saved size.");
  if (s.carried.shape().tiles == 0) s.take(stream_shape(s.stocks, 1));
  Head head;
  std::memcpy(head.magic, kMagic.data(), sizeof head.magic);
  head.plan = s.plan_hash();
  head.rows = s.rows;
  head.stocks = s.stocks;
  head.group_size = group_size(s.program());
  std::memcpy(to.data(), &head, sizeof head);
  std::byte* at = to.data() + sizeof head;
  std::vector<double> group(group_size(s.program()));
  for (std::size_t g = 0; g < s.groups(); ++g, at += group.size() * sizeof(double)) {
    read_group(s.program(), s.carried, s.rows, g, group.data());
    std::memcpy(at, group.data(), group.size() * sizeof(double));
  }
  const std::uint64_t sum = hash_of(to.first(to.size() - sizeof sum));
  std::memcpy(at, &sum, sizeof sum);
}

Session Session::load(const Executor& executor, std::span<const std::byte> from) {
  Head head;
  std::uint64_t sum = 0;
  if (from.size() < sizeof head + sizeof sum) throw StateError("The saved state is cut.");
  std::memcpy(&head, from.data(), sizeof head);
  std::memcpy(&sum, from.data() + from.size() - sizeof sum, sizeof sum);
  if (std::string_view(head.magic, sizeof head.magic) != kMagic) throw StateError("These bytes are no saved state.");
  if (head.version != kStateVersion) {
    throw StateError("The saved state has format " + std::to_string(head.version) + "; this version reads format " +
                     std::to_string(kStateVersion) + ".");
  }
  Session session(executor, 0);
  State& s = *session.state_;
  const std::size_t group_doubles = group_size(s.program());
  if (head.plan != s.plan_hash() || head.group_size != group_doubles) {
    throw StateError("The saved state is of another plan.");
  }
  // The length is settled before anything is allocated: it bounds the number of stocks.
  const std::size_t body = from.size() - sizeof head - sizeof sum;
  const std::size_t bytes = group_doubles * sizeof(double);
  const bool fits = bytes == 0 ? body == 0 : body % bytes == 0 && body / bytes == head.stocks / kGroup + 1;
  if (!fits || head.stocks > kMaxStocks || head.rows > kMaxRows)
    throw StateError("The saved state is cut, or its length is damaged.");
  if (hash_of(from.first(from.size() - sizeof sum)) != sum) throw StateError("The saved state is damaged.");
  s.stocks = head.stocks;
  s.rows = head.rows;
  s.carried = Carried(s.program(), stream_shape(s.stocks, 1));
  std::vector<double> group(group_doubles);
  for (std::size_t g = 0; g < s.groups(); ++g) {
    std::memcpy(group.data(), from.data() + sizeof head + g * bytes, bytes);
    write_group(s.program(), s.carried, s.rows, g, group.data());
  }
  spread_ghost(s.program(), s.carried, s.rows, s.stocks, s.groups());
  return session;
}

}  // namespace jqfast
