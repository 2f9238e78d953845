/** @file tests/lib/cmocka_all.h  cmocka with the headers it wants first */
#ifndef TESTS_LIB_CMOCKA_ALL_H
#define TESTS_LIB_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
