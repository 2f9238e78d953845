/**
 * @file fuzz/fuzz.h  The entry point that libFuzzer and replay.c call
 */
#ifndef SIPD_TESTS_FUZZ_H
#define SIPD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
