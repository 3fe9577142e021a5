#include "dns/corefile_tokens.h"

#include <fmt/format.h>

namespace fairlead::dns {

namespace {

constexpr std::size_t kLongestCorefile = std::size_t{1024} * 1024;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

class Tokenizer {
  public:
    Tokenizer(std::string_view file, std::string_view text, const CorefileEnvironment& environment)
        : file_(file), rest_(text), environment_(environment) {}

    base::Result<std::vector<CorefileToken>> run() {
        if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (c == '\n') {
                take();
                first_ = true;
            } else if (is_blank(c)) {
                take();
            } else if (c == '#') {
                comment();
            } else if (c == '"') {
                FAIRLEAD_CHECK(quoted_word());
            } else {
                FAIRLEAD_CHECK(word());
            }
        }
        return std::move(tokens_);
    }

  private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }

    void comment() {
        while (!rest_.empty() && rest_.front() != '\n')
            take();
    }

    base::Result<void> quoted_word() {
        const unsigned begin = line_;
        take();
        std::string text;
        while (!rest_.empty() && rest_.front() != '"') {
            // Only the quote itself can be escaped: a backslash is common in regular expressions.
            if (rest_.starts_with("\\\"")) take();
            text += take();
        }
        if (rest_.empty())
            return base::fail(base::ErrorCode::kInvalid,
                              fmt::format("{}:{}: the quoted text does not end", file_, begin));
        take();
        return add(std::move(text), begin, true);
    }

    base::Result<void> word() {
        std::string text;
        while (!rest_.empty() && rest_.front() != '\n' && !is_blank(rest_.front()))
            text += take();
        return add(std::move(text), line_, false);
    }

    base::Result<void> add(std::string text, unsigned line, bool quoted) {
        FAIRLEAD_CHECK(put_in_values(text, line, "{$", "}"));
        FAIRLEAD_CHECK(put_in_values(text, line, "{%", "%}"));
        tokens_.push_back({std::move(text), line, quoted, first_});
        first_ = false;
        return {};
    }

    base::Result<void> put_in_values(std::string& text, unsigned line, std::string_view open,
                                     std::string_view close) {
        std::size_t from = 0;
        while (true) {
            const auto begin = text.find(open, from);
            const auto end = begin == std::string::npos ? begin : text.find(close, begin + open.size());
            if (end == std::string::npos) return {};
            const auto name = std::string_view{text}.substr(begin + open.size(), end - begin - open.size());
            const auto value = environment_.find(name);
            if (value == environment_.end())
                return base::fail(
                    base::ErrorCode::kNotFound,
                    fmt::format("{}:{}: no value for the environment variable '{}'", file_, line, name));
            text.replace(begin, end + close.size() - begin, value->second);
            from = begin + value->second.size();
            if (text.size() > kLongestCorefile)
                return base::fail(base::ErrorCode::kInvalid,
                                  fmt::format("{}:{}: the word is too long", file_, line));
        }
    }

    std::string_view file_;
    std::string_view rest_;
    const CorefileEnvironment& environment_;
    std::vector<CorefileToken> tokens_;
    unsigned line_ = 1;
    bool first_ = true;
};

}  // namespace

base::Result<std::vector<CorefileToken>> corefile_tokens(std::string_view file, std::string_view text,
                                                         const CorefileEnvironment& environment) {
    if (text.size() > kLongestCorefile)
        return base::fail(base::ErrorCode::kInvalid, fmt::format("{}:1: is longer than 1 MiB", file));
    return Tokenizer{file, text, environment}.run();
}

}  // namespace fairlead::dns
