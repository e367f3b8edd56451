#pragma once

#include "cuda/kernels/hardest_rows.h"
#include "cuda/kernels/kernel_set.h"
#include "cuda/kernels/persistent_program.h"

namespace lethe::cuda {

/** Makes all kernels for where they run: Where is OnHost or OnDevice. */
template <class Where>
KernelSet makeKernelSet() {
  const auto tiles = []<class Shape>(Shape, double cost) -> TileKernels {
    return {Shape::kM,
            Shape::kN,
            cost,
            Where::template kernel<Forward<Shape>>(),
            Where::template kernel<Backpropagate<Shape>>(),
            Where::template kernel<UpdateLayer<Shape>>()};
  };
  // The costs of the exact tiles are estimates, not measurements. They lie between those of the
  // instructions and those of the loads from shared memory: 20 bytes for 4 multiply-adds, 32 for
  // 16, 64 for 64.
  return {{tiles(SmallTile{}, 2), tiles(MediumTile{}, 1.25), tiles(LargeTile{}, 1)},
          tiles(TensorTile{}, 1),
          Where::template kernel<PieceSums>(),
          Where::template kernel<ObjectiveOfRows>(),
          Where::template kernel<CollectLogits>(),
          Where::template kernel<RankRows>(),
          Where::template kernel<PlaceRows>(),
          Where::template kernel<CompactRows>(),
          Where::template kernel<FindNotFinite>(),
          Where::template cooperative<Persistent>(),
          Persistent::kTileBytes,
          Persistent::kLongestRow,
          Persistent::kMostClasses};
}

}  // namespace lethe::cuda
