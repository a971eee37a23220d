#include <chat_gateway/chat/session_cookie.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace chat_gateway::chat {
namespace {

TEST(session_cookie, signs_as_cookie_signature_does) {
    EXPECT_EQ(sign_session_cookie("abc", "old"),
              "s:abc.BUBtJoecrDl+dBJJqC0EoSVp+2PCx7CzPPd7nSJ/nH4");
    EXPECT_EQ(sign_session_cookie("sess.with.dots", "keyboard cat"),
              "s:sess.with.dots.q3/l1FgeHLYz6TopF61RK8gWqvr0tqR0+py4IVu6uWs");
    EXPECT_EQ(sign_session_cookie("AbCdEfGhIjKlMnOpQrStUvWxYz012345", "keyboard cat"),
              "s:AbCdEfGhIjKlMnOpQrStUvWxYz012345.Rep3/Fvg0qav4rmx0KMMPMPLPqwiVeA7cAX7m1k6618");
}

TEST(session_cookie, any_of_the_secrets_verifies) {
    const auto cookie = sign_session_cookie("abc", "old");
    EXPECT_EQ(verify_session_cookie(cookie, {"new", "old"}), "abc");
    EXPECT_EQ(verify_session_cookie(cookie, {"old", "new"}), "abc");
    EXPECT_EQ(verify_session_cookie(cookie, {"new"}), std::nullopt);
    EXPECT_EQ(verify_session_cookie(cookie, {}), std::nullopt);
}

TEST(session_cookie, the_id_ends_at_the_last_dot) {
    for (const std::string id : {"sess.with.dots", ".", "with space", "käse", "a;b=c"}) {
        EXPECT_EQ(verify_session_cookie(sign_session_cookie(id, "k"), {"k"}), id);
    }
}

TEST(session_cookie, other_spellings_of_the_signature_fail) {
    const std::string good = "s:abc.BUBtJoecrDl+dBJJqC0EoSVp+2PCx7CzPPd7nSJ/nH4";
    ASSERT_EQ(verify_session_cookie(good, {"old"}), "abc");
    const std::string url_safe = "s:abc.BUBtJoecrDl-dBJJqC0EoSVp-2PCx7CzPPd7nSJ_nH4";
    const std::string same_bits = "s:abc.BUBtJoecrDl+dBJJqC0EoSVp+2PCx7CzPPd7nSJ/nH5";
    for (const auto& bad :
         {good + "=", good + " ", url_safe, same_bits, good.substr(0, good.size() - 1)}) {
        EXPECT_EQ(verify_session_cookie(bad, {"old"}), std::nullopt) << bad;
    }
}

TEST(session_cookie, a_changed_id_fails) {
    EXPECT_EQ(verify_session_cookie("s:abd.BUBtJoecrDl+dBJJqC0EoSVp+2PCx7CzPPd7nSJ/nH4", {"old"}),
              std::nullopt);
}

TEST(session_cookie, what_is_not_signed_fails) {
    for (const std::string bad :
         {"", "s:", "s:.", "s:abc", "s:abc.", "abc", "j:{\"a\":1}", "S:abc.x", "."}) {
        EXPECT_EQ(verify_session_cookie(bad, {"old"}), std::nullopt) << bad;
    }
    const auto unprefixed = sign_session_cookie("abc", "old").substr(2);
    EXPECT_EQ(verify_session_cookie(unprefixed, {"old"}), std::nullopt);
}

TEST(session_cookie, an_empty_id_or_secret_never_verifies) {
    EXPECT_EQ(verify_session_cookie(sign_session_cookie("", "k"), {"k"}), std::nullopt);
    EXPECT_EQ(verify_session_cookie(sign_session_cookie("abc", ""), {""}), std::nullopt);
    EXPECT_EQ(verify_session_cookie(sign_session_cookie("abc", "k"), {"", "k"}), "abc");
}

TEST(session_cookie, bytes_of_any_kind_are_signed) {
    const std::string id("a\0b\xff", 4);
    EXPECT_EQ(verify_session_cookie(sign_session_cookie(id, "k"), {"k"}), id);
}

}  // namespace
}  // namespace chat_gateway::chat
