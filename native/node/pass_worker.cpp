#include "node/pass_worker.h"

#include "node/convert.h"

namespace lethe::node {

PassWorker::PassWorker(Napi::Env env, PassRequest request, CudaHandle& device, RunQueue& queue)
    : RunWorker(env, request.cpu.threads, queue),
      request_(std::move(request)),
      device_(device),
      keepModel_(Napi::Persistent(request_.model.Value())),
      changesModel_(sinkTraits(request_.spec.sink).changesParameters) {}

void PassWorker::beginning() {
  if (changesModel_) request_.model.beginChange();
}

void PassWorker::compute(Control& control) {
  result_ = request_.cuda ? passOnCuda(*request_.cuda, control)
                          : pass(*makeCpuBackend(request_.cpu), request_.spec, control);
}

PassResult PassWorker::passOnCuda(const CudaOptions& options, Control& control) {
  const auto device = device_.open();
  try {
    return pass(*makeCudaBackend(device, options), request_.spec, control);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kDeviceFailed) device_.drop(device);
    throw;
  }
}

void PassWorker::ended() {
  if (changesModel_) request_.model.endChange();
}

Napi::Value PassWorker::outcome(Napi::Env env) {
  Napi::Object outcome = Napi::Object::New(env);
  Napi::Array epochLoss = Napi::Array::New(env, result_.epochLoss.size());
  for (std::size_t i = 0; i < result_.epochLoss.size(); ++i) {
    epochLoss.Set(static_cast<std::uint32_t>(i), result_.epochLoss[i]);
  }
  outcome.Set("epochLoss", epochLoss);
  outcome.Set("steps", static_cast<double>(result_.steps));
  outcome.Set("rows", static_cast<double>(result_.rows));
  if (!result_.trackedChange.empty()) {
    outcome.Set("values", toTypedArray(env, result_.trackedChange));
    outcome.Set("trackedSteps", static_cast<double>(result_.trackedSteps));
  }
  if (changesModel_) {
    request_.model.replaceParameters(std::move(result_.values));
  } else {
    outcome.Set("values", toTypedArray(env, result_.values));
  }
  return outcome;
}

}  // namespace lethe::node
