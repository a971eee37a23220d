// Redis's answers, whole and in pieces.
#include "fuzz/fuzz.hpp"
#include "reply.hpp"
#include "resp.hpp"

using namespace chat_gateway;
using namespace chat_gateway::redis;

namespace {

struct outcome {
    std::vector<reply> replies;
    bool failed = false;
    bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, const std::vector<std::size_t>& sizes) {
    outcome o;
    reply_reader reader;
    for (std::size_t turn = 0; !bytes.empty() && !o.failed; ++turn) {
        const auto piece = bytes.substr(0, sizes[turn % sizes.size()]);
        bytes.remove_prefix(piece.size());
        o.failed = !reader.feed(piece, o.replies);
    }
    return o;
}

void check_reply(const reply& r, std::size_t depth) {
    FUZZ_CHECK(depth <= reply_reader::max_depth);
    FUZZ_CHECK(r.type == reply::kind::array || r.elements.empty());
    FUZZ_CHECK(r.type == reply::kind::integer || r.integer == 0);
    FUZZ_CHECK(error_code_word(r).size() <= r.text.size());
    for (const auto& e : r.elements)
        check_reply(e, depth + 1);
}

/// What is looked at in place is what the reader makes of it.
void check_fronts(std::string_view bytes) {
    for (;;) {
        const auto front = look_at_front(bytes);
        if (front.what == front_reply::kind::incomplete) return;
        if (front.what == front_reply::kind::malformed) return;
        FUZZ_CHECK(front.size > 0 && front.size <= bytes.size());
        const auto read_back = read(bytes.substr(0, front.size), {front.size});
        FUZZ_CHECK(read_back.replies.size() == (read_back.failed ? 0U : 1U));
        if (front.what == front_reply::kind::message) {
            FUZZ_CHECK(!read_back.failed);
            const auto& elements = read_back.replies.front().elements;
            FUZZ_CHECK(elements[elements.size() - 2].text == front.channel);
            FUZZ_CHECK(elements.back().text == front.payload);
        }
        bytes.remove_prefix(front.size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto sizes = in.piece_sizes();
    const auto whole = read(in.rest(), {in.rest().size() + 1});
    for (const auto& r : whole.replies)
        check_reply(r, 0);
    FUZZ_CHECK(read(in.rest(), sizes) == whole);
    check_fronts(in.rest());
    return 0;
}
