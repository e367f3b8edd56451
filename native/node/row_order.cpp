#include "node/row_order.h"

#include <cstdint>
#include <vector>

#include "lethe/row_order.h"
#include "node/convert.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

/** The ids of a request: numbers, or texts. */
struct Ids {
  explicit Ids(const Fields& fields) : areNumbers(fields.has("numbers")) {
    if (areNumbers) {
      numbers = fields.array<std::int64_t>("numbers");
    } else {
      bytes = fields.array<std::uint8_t>("bytes");
      ends = fields.array<std::uint32_t>("ends");
    }
  }

  std::vector<std::uint32_t> order() const {
    return areNumbers ? ascendingOrder(numbers) : ascendingOrder(bytes, ends);
  }

  bool areNumbers;
  std::vector<std::int64_t> numbers;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint32_t> ends;
};

class SortWorker final : public PromiseWorker {
 public:
  SortWorker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:sortIds"), ids_(fields) {}

 private:
  void compute() override { order_ = ids_.order(); }
  Napi::Value result(Napi::Env env) override { return toTypedArray(env, order_); }

  Ids ids_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

Napi::Value sortIds(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return (new SortWorker(info.Env(), Fields(info[0])))->start(); });
}

Napi::Value sortIdsSync(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return toTypedArray(info.Env(), Ids(Fields(info[0])).order());
  });
}

}  // namespace lethe::node
