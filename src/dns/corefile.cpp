#include "dns/corefile.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/corefile_tokens.h"

namespace fairlead::dns {

namespace {

constexpr unsigned kMostDepth = 8;
/// Of all that a file has once snippets are put in: they can double their size with each level.
constexpr std::size_t kMostDirectives = 10'000;

using Directives = std::vector<CorefileDirective>;

std::size_t count(const Directives& directives) {
    std::size_t sum = directives.size();
    for (const CorefileDirective& directive : directives)
        sum += count(directive.block);
    return sum;
}

class CorefileParser {
  public:
    CorefileParser(std::string_view file, std::vector<CorefileToken> tokens)
        : file_(file), tokens_(std::move(tokens)) {}

    base::Result<std::vector<CorefileServer>> run() {
        std::vector<CorefileServer> servers;
        while (!at_end()) {
            FAIRLEAD_TRY(auto server, server_block());
            const std::string& key = server.keys[0];
            const bool snippet = key.size() > 2 && key.starts_with('(') && key.ends_with(')');
            if (!snippet)
                servers.push_back(std::move(server));
            else if (server.keys.size() > 1)
                return refuse(server.line, "a snippet has one name");
            else if (!snippets_.emplace(key.substr(1, key.size() - 2), std::move(server.plugins)).second)
                return refuse(server.line, fmt::format("a second snippet {}", key));
        }
        return servers;
    }

  private:
    [[nodiscard]] bool at_end() const { return next_ == tokens_.size(); }
    [[nodiscard]] const CorefileToken& peek() const { return tokens_[next_]; }
    [[nodiscard]] bool at_brace(std::string_view brace) const {
        return !at_end() && !peek().quoted && peek().text == brace;
    }

    [[nodiscard]] std::unexpected<base::Error> refuse(unsigned line, std::string_view why) const {
        return base::fail(base::ErrorCode::kInvalid, fmt::format("{}:{}: {}", file_, line, why));
    }

    base::Result<CorefileServer> server_block() {
        CorefileServer server;
        server.line = peek().line;
        FAIRLEAD_CHECK(keys(server));
        if (at_brace("{")) {
            FAIRLEAD_TRY(server.plugins, block(0));
            return server;
        }
        // Without braces the rest of the file is the block.
        while (!at_end()) {
            if (at_brace("}")) return refuse(peek().line, "a brace that nothing opened");
            FAIRLEAD_CHECK(directive_into(server.plugins, 0));
        }
        return server;
    }

    /// Keys go on after a line's end if a comma stands there.
    base::Result<void> keys(CorefileServer& server) {
        bool comma = false;
        while (!at_end() && !at_brace("{") && (server.keys.empty() || comma || !peek().first)) {
            const CorefileToken& token = tokens_[next_++];
            if (!token.quoted && token.text == "}") return refuse(token.line, "a brace that nothing opened");
            std::string key = token.text;
            comma = key.ends_with(',');
            if (comma) key.pop_back();
            if (key.empty()) return refuse(token.line, "an empty zone");
            server.keys.push_back(std::move(key));
        }
        if (server.keys.empty()) return refuse(server.line, "a server block without a zone");
        return {};
    }

    /// From the brace that opens it to behind the one that closes it.
    base::Result<Directives> block(unsigned depth) {
        const unsigned line = tokens_[next_++].line;
        if (depth == kMostDepth) return refuse(line, "blocks are nested too deeply");
        Directives directives;
        while (!at_brace("}")) {
            if (at_end()) return refuse(line, "the block does not end");
            FAIRLEAD_CHECK(directive_into(directives, depth));
        }
        ++next_;
        return directives;
    }

    base::Result<void> directive_into(Directives& directives, unsigned depth) {
        if (at_brace("{")) return refuse(peek().line, "a block without a name");
        CorefileDirective directive;
        directive.name = peek().text;
        directive.line = tokens_[next_++].line;
        while (!at_end() && !peek().first && !at_brace("{") && !at_brace("}"))
            directive.arguments.push_back(tokens_[next_++].text);
        if (at_brace("{") && !peek().first) {
            FAIRLEAD_TRY(directive.block, block(depth + 1));
        }
        if (directive.name == "import") return import_into(directives, directive);
        directives.push_back(std::move(directive));
        return check_count(1, directives.back().line);
    }

    base::Result<void> import_into(Directives& directives, const CorefileDirective& import) {
        if (import.arguments.size() != 1 || !import.block.empty())
            return refuse(import.line, "import wants the name of a snippet and nothing else");
        const auto snippet = snippets_.find(import.arguments[0]);
        if (snippet == snippets_.end())
            return refuse(import.line,
                          fmt::format("import '{}': no such snippet above; files are not imported",
                                      import.arguments[0]));
        FAIRLEAD_CHECK(check_count(count(snippet->second), import.line));
        directives.insert(directives.end(), snippet->second.begin(), snippet->second.end());
        return {};
    }

    base::Result<void> check_count(std::size_t more, unsigned line) {
        total_ += more;
        if (total_ > kMostDirectives) return refuse(line, "too many lines, snippets put in");
        return {};
    }

    std::string_view file_;
    std::vector<CorefileToken> tokens_;
    std::size_t next_ = 0;
    std::map<std::string, Directives, std::less<>> snippets_;
    std::size_t total_ = 0;
};

}  // namespace

base::Result<std::vector<CorefileServer>> parse_corefile(std::string_view file, std::string_view text,
                                                         const CorefileEnvironment& environment) {
    FAIRLEAD_TRY(auto tokens, corefile_tokens(file, text, environment));
    return CorefileParser{file, std::move(tokens)}.run();
}

}  // namespace fairlead::dns
