#include <chat_gateway/base/error.hpp>

#include <string>

namespace chat_gateway {
namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "chat_gateway"; }
    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::unavailable:
                return "unavailable";
            case errc::timeout:
                return "timed out";
            case errc::malformed:
                return "malformed";
            case errc::too_large:
                return "too large";
            case errc::overloaded:
                return "overloaded";
            case errc::closed:
                return "closed";
        }
        return "unknown error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

}  // namespace chat_gateway
