#pragma once

#include "kernels.h"
#include "persistent.h"

namespace lethe::cuda {

/** All kernels, for `Where` they run: OnHost or OnDevice. */
template <class Where>
Kernels makeKernels() {
  const auto tiles = []<class Shape>(Shape) -> TileKernels {
    return {Shape::kM, Shape::kN, Where::template kernel<Forward<Shape>>(),
            Where::template kernel<Backpropagate<Shape>>(),
            Where::template kernel<UpdateLayer<Shape>>()};
  };
  return {{tiles(SmallTile{}), tiles(MediumTile{}), tiles(LargeTile{})},
          tiles(TensorTile{}),
          Where::template kernel<PieceSums>(),
          Where::template kernel<ObjectiveOfRows>(),
          Where::template kernel<CollectLogits>(),
          Where::template kernel<RankRows>(),
          Where::template kernel<PlaceRows>(),
          Where::template kernel<CompactRows>(),
          Where::template kernel<FindNotFinite>(),
          Where::template cooperative<Persistent>(),
          Persistent::kTileBytes,
          Persistent::kLongestRow};
}

}  // namespace lethe::cuda
