#include "operators/sentiment/default_model.h"

#include <cstddef>

// The assembler copies the file; the build names it by TOCSIN_DEFAULT_MODEL_FILE.
asm(".section .rodata.tocsin_default_model, \"a\"\n"
    ".balign 64\n"
    ".global tocsin_default_model_begin\n"
    "tocsin_default_model_begin:\n"
    ".incbin \"" TOCSIN_DEFAULT_MODEL_FILE
    "\"\n"
    ".global tocsin_default_model_end\n"
    "tocsin_default_model_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const uint8_t tocsin_default_model_begin[];
extern const uint8_t tocsin_default_model_end[];
}

namespace tocsin {

std::span<const uint8_t> DefaultModelBytes() {
  return {tocsin_default_model_begin, static_cast<size_t>(tocsin_default_model_end - tocsin_default_model_begin)};
}

}  // namespace tocsin
