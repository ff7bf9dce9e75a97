// Where the pages of a region come from when they are not zeros: a file, or a piece of one. Shared by all the
// regions that map it. fs implements it.
#pragma once

#include <cstdint>

#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {

class PageSource : public RefCounted<PageSource> {
 public:
  virtual ~PageSource() = default;
  // Fills `page` (kPageSize bytes, direct map) with the bytes at `offset` (a multiple of kPageSize), zeros past
  // the end. May block; called with no lock held.
  virtual Status ReadPage(std::uint64_t offset, void* page) = 0;
  // The frame that backs the page itself, with a reference added for the caller: for MAP_SHARED, and for private pages
  // until somebody writes to them. kNotSupported when the source cannot share its frames. May block, as above.
  virtual Result<FrameNumber> SharePage(std::uint64_t offset) = 0;
};

}  // namespace esc::mm
