#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/content_coding.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <optional>
#include <zlib.h>

namespace chat_gateway::http {
namespace {

/// zlib's way to ask for a gzip header.
constexpr int gzip_window = MAX_WBITS + 16;
constexpr int memory_level = 8;

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Takes the text before the next `separator` off the front.
std::string_view take_part(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return trim(part);
}

/// RFC 9110 section 12.4.2, in thousandths: `0`, `0.5`, `1.000`.
std::optional<int> parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    int value = text[0] - '0';
    for (std::size_t i = 2; i < 5; ++i) {
        const char digit = i < text.size() ? text[i] : '0';
        if (digit < '0' || digit > '9') return std::nullopt;
        value = value * 10 + (digit - '0');
    }
    return value <= 1000 ? std::optional(value) : std::nullopt;
}

/// What the header says of one coding; -1: nothing.
struct liking {
    int weight = -1;
    bool named = false;  ///< not only by `*`
    std::size_t position = 0;

    void hear(int w, bool by_name, std::size_t at) {
        if (weight >= 0 && (named || !by_name)) return;
        *this = {w, by_name, at};
    }
    [[nodiscard]] bool acceptable() const { return weight > 0; }
    [[nodiscard]] bool before(const liking& other) const {
        if (weight != other.weight) return weight > other.weight;
        if (named != other.named) return named;
        return position < other.position;
    }
};

std::optional<int> weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto parameter = take_part(parameters, ';');
        if (parameter.size() >= 2 && iequals(parameter.substr(0, 2), "q="))
            return parse_weight(parameter.substr(2));
    }
    return 1000;
}

/// One zlib state for each form and thread, used again for every body.
class compressor {
public:
    explicit compressor(int window) {
        if (deflateInit2(&z_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    compressor(const compressor&) = delete;
    compressor& operator=(const compressor&) = delete;
    ~compressor() { deflateEnd(&z_); }

    std::string run(std::string_view bytes) {
        deflateReset(&z_);
        std::string out;
        out.resize(deflateBound(&z_, static_cast<uLong>(bytes.size())));
        std::size_t used = 0;
        int result = Z_OK;
        do {
            z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
            z_.avail_in = piece(bytes.size());
            z_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
            z_.avail_out = piece(out.size() - used);
            const std::size_t given = z_.avail_in;
            const std::size_t space = z_.avail_out;
            result = ::deflate(&z_, given == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
            bytes.remove_prefix(given - z_.avail_in);
            used += space - z_.avail_out;
        } while (result != Z_STREAM_END);
        out.resize(used);
        return out;
    }

private:
    static uInt piece(std::size_t n) {
        return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
    }

    z_stream z_{};
};

}  // namespace

content_coding preferred_coding(std::string_view accept_encoding) {
    liking gzip;
    liking deflate;
    int identity = -1;
    for (std::size_t at = 0; !accept_encoding.empty(); ++at) {
        auto element = take_part(accept_encoding, ',');
        const auto name = take_part(element, ';');
        const auto weight = weight_of(element);
        if (!weight) continue;
        if (iequals(name, "gzip") || iequals(name, "x-gzip")) gzip.hear(*weight, true, at);
        if (iequals(name, "deflate")) deflate.hear(*weight, true, at);
        if (iequals(name, "identity")) identity = *weight;
        if (name == "*") {
            gzip.hear(*weight, false, at);
            deflate.hear(*weight, false, at);
        }
    }
    const bool prefers_deflate = deflate.before(gzip);
    const liking& best = prefers_deflate ? deflate : gzip;
    if (!best.acceptable() || identity > best.weight) return content_coding::identity;
    return prefers_deflate ? content_coding::deflate : content_coding::gzip;
}

std::string encode(std::string_view bytes, content_coding coding) {
    if (coding == content_coding::identity) return std::string(bytes);
    if (coding == content_coding::gzip) {
        thread_local compressor gzip(gzip_window);
        return gzip.run(bytes);
    }
    thread_local compressor deflate(MAX_WBITS);
    return deflate.run(bytes);
}

void encode_content(response& r, content_coding coding) {
    r.set("Vary", "Accept-Encoding");
    if (coding == content_coding::identity) return;
    r.body = encode(r.body, coding);
    r.set("Content-Encoding", coding == content_coding::gzip ? "gzip" : "deflate");
}

}  // namespace chat_gateway::http
