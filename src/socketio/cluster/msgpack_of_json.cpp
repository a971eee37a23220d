#include "cluster/msgpack_reader.hpp"
#include "cluster/msgpack_writer.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>

namespace chat_gateway::socketio::cluster {
namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 256;

/// Writes what the JSON parser reads. A container is written without its head, which goes before it
/// when its end has told the count.
class encoder final : public nlohmann::json_sax<json> {
public:
    encoder(std::string& out, const std::vector<std::string>& attachments)
        : out_(out), attachments_(attachments) {}

    bool null() override {
        count();
        msgpack::append_nil(out_);
        return true;
    }
    bool boolean(bool value) override {
        count();
        msgpack::append_boolean(out_, value);
        return true;
    }
    // Every number is a double, as it would be in the JavaScript that parses this JSON.
    bool number_integer(number_integer_t value) override {
        return number_float(static_cast<double>(value), {});
    }
    bool number_unsigned(number_unsigned_t value) override {
        return number_float(static_cast<double>(value), {});
    }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        count();
        msgpack::append_number(out_, value);
        return true;
    }
    bool string(string_t& value) override {
        count();
        msgpack::append_string(out_, value);
        return true;
    }
    bool key(string_t& value) override {
        count();
        msgpack::append_string(out_, value);
        return true;
    }
    bool start_object(std::size_t /*size*/) override { return open(); }
    bool start_array(std::size_t /*size*/) override { return open(); }
    bool end_object() override {
        const container c = close();
        if (c.values == 4 && !attachments_.empty()) {
            std::size_t number = 0;
            const auto what = placeholder(std::string_view(out_).substr(c.begin), number);
            if (what == placeholder_kind::bad) return false;
            if (what == placeholder_kind::good) {
                out_.resize(c.begin);
                msgpack::append_binary(out_, attachments_[number]);
                return true;
            }
        }
        std::string head;
        msgpack::append_map_head(head, c.values / 2);
        out_.insert(c.begin, head);
        return true;
    }
    bool end_array() override {
        const container c = close();
        std::string head;
        msgpack::append_array_head(head, c.values);
        out_.insert(c.begin, head);
        return true;
    }
    bool binary(binary_t& /*value*/) override { return false; }
    bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        return false;
    }

private:
    struct container {
        std::size_t begin;
        std::size_t values;  ///< elements, or keys and values
    };
    enum class placeholder_kind : std::uint8_t { no, good, bad };

    void count() {
        if (!open_.empty()) ++open_.back().values;
    }
    bool open() {
        count();
        open_.push_back({out_.size(), 0});
        return open_.size() <= max_depth;
    }
    container close() {
        const container c = open_.back();
        open_.pop_back();
        return c;
    }
    /// `entries`: the encoded two entries of an object. Socket.IO's parser writes them in this
    /// order, and throws if the number is none of an attachment.
    placeholder_kind placeholder(std::string_view entries, std::size_t& number) const {
        constexpr std::string_view begin = "\xac_placeholder\xc3\xa3num";
        if (!entries.starts_with(begin)) return placeholder_kind::no;
        msgpack::reader in(entries.substr(begin.size()));
        msgpack::token t;
        if (!in.next(t) || t.what != msgpack::kind::integer || t.integer < 0 ||
            static_cast<std::uint64_t>(t.integer) >= attachments_.size()) {
            return placeholder_kind::bad;
        }
        number = static_cast<std::size_t>(t.integer);
        return placeholder_kind::good;
    }

    std::string& out_;
    const std::vector<std::string>& attachments_;
    std::vector<container> open_;
};

}  // namespace

result<std::string> msgpack_of_json(std::string_view json_text,
                                    const std::vector<std::string>& attachments) {
    std::string out;
    encoder handler(out, attachments);
    if (!json::sax_parse(json_text, &handler)) return errc::malformed;
    return out;
}

}  // namespace chat_gateway::socketio::cluster
