// A plan that goes on where it stopped: sessions are fed as they come, and every row's outputs have the bits of a batch
// over all rows fed so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "jqfast/executor.hpp"

namespace jqfast {

class Session {
 public:
  // Nothing fed yet. The executor must outlive the session.
  Session(const Executor& executor, std::size_t stocks);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // Continues with the rows of these inputs; arguments as for Executor::run, which gives the same bits for all rows at
  // once. Stocks after those known are new: as if all their inputs had been missing since the first session, except
  // that earlier cross-sections stay without them. Arguments are checked before anything changes. A single row cannot
  // be interrupted by `options.poll`; many rows can, and the session then refuses to go on, as stocks have come to
  // different sessions.
  RunStats feed(std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows, const Output& out,
                const RunOptions& options);

  [[nodiscard]] std::size_t stocks() const noexcept;
  [[nodiscard]] std::uint64_t rows() const noexcept;  // sessions fed
  [[nodiscard]] std::size_t state_bytes() const noexcept;

  // The state as bytes that depend on neither instruction set, tiles nor threads; they tell whose plan they are of.
  [[nodiscard]] std::size_t saved_size() const;
  void save(std::span<std::byte> to) const;  // exactly saved_size() bytes

  // Throws StateError where the bytes are cut, damaged, of another plan or of another version.
  [[nodiscard]] static Session load(const Executor& executor, std::span<const std::byte> from);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace jqfast
