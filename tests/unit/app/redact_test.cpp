#include "redact.hpp"

#include <gtest/gtest.h>

namespace {

using chat_gateway::app::redact_secret;
using chat_gateway::app::redact_url;

TEST(RedactSecret, ShowsOnlyWhetherThereIsOne) {
    EXPECT_EQ(redact_secret(""), "");
    EXPECT_EQ(redact_secret("x"), "***");
    EXPECT_EQ(redact_secret("a long one"), "***");
}

TEST(RedactUrl, LeavesWhatHoldsNoPassword) {
    EXPECT_EQ(redact_url(""), "");
    EXPECT_EQ(redact_url("redis://127.0.0.1:6379/2"), "redis://127.0.0.1:6379/2");
    EXPECT_EQ(redact_url("unix:///run/redis.sock?db=1"), "unix:///run/redis.sock?db=1");
    EXPECT_EQ(redact_url("postgresql://h/db?sslmode=require&port=1"),
              "postgresql://h/db?sslmode=require&port=1");
    EXPECT_EQ(redact_url("host=h dbname=chat user=bob"), "host=h dbname=chat user=bob");
}

TEST(RedactUrl, HidesThePasswordBeforeTheHost) {
    EXPECT_EQ(redact_url("redis://:secret@h:1/2"), "redis://:***@h:1/2");
    EXPECT_EQ(redact_url("redis://bob:secret@h"), "redis://bob:***@h");
    EXPECT_EQ(redact_url("postgresql://bob:secret@h/db?sslmode=require"),
              "postgresql://bob:***@h/db?sslmode=require");
    EXPECT_EQ(redact_url("unix://:secret@/run/redis.sock"), "unix://:***@/run/redis.sock");
}

TEST(RedactUrl, HidesItWhateverItIsMadeOf) {
    EXPECT_EQ(redact_url("redis://:a@b:c/d?e#f@h"), "redis://:***@h");
    EXPECT_EQ(redact_url("redis://bob::::@h"), "redis://bob:***@h");
    EXPECT_EQ(redact_url("redis://secret@h"), "redis://***@h");
    EXPECT_EQ(redact_url("redis://@h"), "redis://***@h");
}

TEST(RedactUrl, HidesPasswordParameters) {
    EXPECT_EQ(redact_url("postgresql:///db?user=bob&password=secret&port=1"),
              "postgresql:///db?user=bob&password=***&port=1");
    EXPECT_EQ(redact_url("postgresql:///db?sslpassword=secret"),
              "postgresql:///db?sslpassword=***");
    EXPECT_EQ(redact_url("postgresql:///db?p%61ssword=secret"), "postgresql:///db?p%61ssword=***");
    EXPECT_EQ(redact_url("postgresql:///db?%zz=secret"), "postgresql:///db?%zz=***");
}

TEST(RedactUrl, HidesKeyValuePairsWithAPasswordAsAWhole) {
    EXPECT_EQ(redact_url("host=h password = 'se cret' dbname=x"), "***");
    EXPECT_EQ(redact_url("passfile=/x"), "***");
}

}  // namespace
