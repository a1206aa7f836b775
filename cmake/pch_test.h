#pragma once
// The vocabulary of tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch_asio.h"
