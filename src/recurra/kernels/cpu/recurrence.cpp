// Forward and backward through time, for a processor with vectors of LANES floats.
//
//     forward, one step of one row          z = h U + x W + b, gate functions, new state
//     backward, one step of one row         d = what the loss says of z;  dh = carry + d Uᵀ
//     backward, some steps of some rows     dx = d Wᵀ,  dU += hᵀ d,  dW += xᵀ d,  db += Σ d
//
// A *panel* is the columns of [U; W] that make the gates of LANES units (where these are few, of a
// few times LANES units): its products stay in registers until the gate functions have been applied, so
// z never goes to memory. A *tile* is ROWS rows times one panel. A *lane* is the rows of one thread,
// which takes them through all timesteps by itself: no barrier in the loop; where there are fewer rows
// than threads could read, a *crew* of threads shares the panels of each step. A *stage* is such a
// product and its gate functions: a step is one, but two where a gate acts on what is multiplied.
//
//     vectors.h    vectors, and the functions of a gate
//     cells.h      the gates of each cell, there and back
//     panels.h     sizes, packing, the product of a tile
//     blocks.h     the rows of a lane, and where their inputs and outputs lie
//     forward.h    through time
//     backward.h   and back
//     single.h     one row with large weights
//
// With these this file is compiled once per instruction level, and uses nothing of the standard
// library that the linker could take from another level's copy.

#include "recurrence.h"

#include "adam.h"
#include "backward.h"
#include "forward.h"
#include "single.h"

#ifndef LEVEL
#define LEVEL portable
#endif
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

namespace recurra {
namespace {

template <class C>
constexpr recurra::Single single() {
  if constexpr (C::LAST)
    return {single_scratch<C>,       single_start<C>, single_step<C>, single_stepped<C>,
            single_backward_step<C>, single_back<C>,  single_reduce<C>};
  else
    return {};
}

template <class C>
constexpr Crew crew() {
  if constexpr (C::LAST)
    return {crew_scratch<C>, crew_begin<C>, crew_take<C>};
  else
    return {};
}

template <class C>
constexpr Cell cell() {
  return {C::GATES,   C::STATES,      C::BIASES,  parts<C>,    saved<C>,
          weights<C>, packed_back<C>, weights<C>, scratch<C>,  scratch_back<C>,
          pack<C>,    pack_back<C>,   forward<C>, backward<C>, reduce<C>,
          single<C>(), crew<C>()};
}

}  // namespace

extern const Level LEVEL;
const Level LEVEL = {TEXT(LEVEL), cell<SimpleRNN>(), cell<LSTM>(), cell<GRU>(), cell<Gates>(), adam};

}  // namespace recurra
