#include "cli/completer.h"

#include <algorithm>
#include <utility>

namespace fairlead::cli {

namespace {

const CommandDescription* find_path(const std::vector<CommandDescription>& commands,
                                    const std::vector<std::string>& path) {
    const auto found = std::ranges::find(commands, path, &CommandDescription::path);
    return found == commands.end() ? nullptr : &*found;
}

const OptionDescription* find_option(const CommandDescription& command, std::string_view name) {
    const auto found = std::ranges::find_if(command.options, [&](const OptionDescription& option) {
        return std::ranges::find(option.names, name) != option.names.end();
    });
    return found == command.options.end() ? nullptr : &*found;
}

bool takes_value(const OptionDescription* option) {
    return option != nullptr && !option->placeholder.empty();
}

/// The argument by place that comes after `before` others; nullptr if there is none.
const OptionDescription* argument_at(const CommandDescription& command, std::size_t before) {
    const OptionDescription* last = nullptr;
    for (const auto& option : command.options) {
        if (!option.names.empty()) continue;
        if (before == 0) return &option;
        --before;
        last = &option;
    }
    return last != nullptr && last->repeatable ? last : nullptr;
}

/// Puts "--output", "=", "json" together again, which bash takes apart. Returns whether it did at the end.
bool join_at_equal_signs(std::vector<std::string>& words) {
    std::vector<std::string> joined;
    bool at_end = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        at_end = words[i] == "=" && !joined.empty() && joined.back().starts_with("--");
        if (!at_end) {
            joined.push_back(words[i]);
            continue;
        }
        joined.back() += "=";
        if (i + 1 == words.size()) break;
        joined.back() += words[++i];
    }
    words = std::move(joined);
    return at_end;
}

/// The state of a line before the word that is completed.
class Line {
  public:
    explicit Line(const std::vector<CommandDescription>& commands)
        : commands_(commands), command_(find_path(commands, {})) {}

    void take(const std::string& word) {
        if (pending_ != nullptr) {
            options_[std::exchange(pending_, nullptr)->names.back()] = word;
        } else if (!only_arguments_ && word == "--") {
            only_arguments_ = true;
        } else if (!only_arguments_ && word.starts_with("--")) {
            take_long(word);
        } else if (!only_arguments_ && word.size() > 1 && word.starts_with('-')) {
            take_short(word);
        } else {
            take_plain(word);
        }
    }

    [[nodiscard]] const CommandDescription& command() const { return *command_; }
    [[nodiscard]] const OptionValues& options() const { return options_; }
    /// The option whose value comes next, if it has to.
    [[nodiscard]] const OptionDescription* pending() const { return pending_; }
    [[nodiscard]] bool only_arguments() const { return only_arguments_; }
    [[nodiscard]] const OptionDescription* next_argument() const {
        return argument_at(*command_, arguments_);
    }

  private:
    void take_long(const std::string& word) {
        const auto end = word.find('=');
        const auto* option = find_option(*command_, std::string_view(word).substr(0, end));
        if (option == nullptr) return;
        if (takes_value(option) && end == std::string::npos)
            pending_ = option;
        else
            options_[option->names.back()] = end == std::string::npos ? "" : word.substr(end + 1);
    }

    void take_short(std::string_view word) {
        for (std::size_t i = 1; i < word.size(); ++i) {
            const auto* option = find_option(*command_, "-" + std::string(1, word[i]));
            if (option == nullptr) return;
            const auto rest = word.substr(i + 1);
            if (takes_value(option) && rest.empty()) return static_cast<void>(pending_ = option);
            options_[option->names.back()] = rest.starts_with('=') ? rest.substr(1) : rest;
            if (takes_value(option)) return;
        }
    }

    void take_plain(const std::string& word) {
        auto path = command_->path;
        path.push_back(word);
        const auto* below = only_arguments_ ? nullptr : find_path(commands_, path);
        if (below != nullptr)
            command_ = below;
        else
            ++arguments_;
    }

    const std::vector<CommandDescription>& commands_;
    const CommandDescription* command_;
    const OptionDescription* pending_ = nullptr;
    OptionValues options_;
    std::size_t arguments_ = 0;
    bool only_arguments_ = false;
};

/// Adds what may stand for `option`'s value and begins with `start`; `before` is put before each.
void add_values(Completion& completion, const OptionDescription& option, const ValueSources& sources,
                const OptionValues& options, std::string_view start, const std::string& before = {}) {
    if (option.placeholder == "FILE" || option.placeholder == "CMD")
        completion.paths = Completion::Paths::kFiles;
    if (option.placeholder == "DIR") completion.paths = Completion::Paths::kFolders;
    const auto source = sources.find(option.placeholder);
    for (auto& value : source == sources.end() ? listed_words(option.help) : source->second(options))
        if (value.starts_with(start)) completion.candidates.push_back({before + value, ""});
}

void add_options(Completion& completion, const CommandDescription& command, std::string_view start) {
    for (const auto& option : command.options)
        for (const auto& name : option.names)
            if (name.starts_with(start)) completion.candidates.push_back({name, option.help});
}

void add_commands_and_arguments(Completion& completion, const std::vector<CommandDescription>& commands,
                                const ValueSources& sources, const Line& line, std::string_view start) {
    if (!line.only_arguments())
        for (const auto& name : line.command().subcommands) {
            auto path = line.command().path;
            path.push_back(name);
            if (name.starts_with(start))
                completion.candidates.push_back({name, find_path(commands, path)->summary});
        }
    if (const auto* argument = line.next_argument(); argument != nullptr)
        add_values(completion, *argument, sources, line.options(), start);
    const bool nothing = completion.candidates.empty() && completion.paths == Completion::Paths::kNone;
    if (nothing && start.empty() && !line.only_arguments()) add_options(completion, line.command(), "--");
}

}  // namespace

Completion complete(const std::vector<CommandDescription>& commands, const ValueSources& sources,
                    std::vector<std::string> words) {
    const bool value_alone = join_at_equal_signs(words);
    const std::string current = words.empty() ? "" : words.back();
    if (!words.empty()) words.pop_back();
    Line line{commands};
    for (const auto& word : words)
        line.take(word);
    Completion completion;
    const auto equal_sign = current.find('=');
    if (line.pending() != nullptr) {
        add_values(completion, *line.pending(), sources, line.options(), current);
    } else if (!line.only_arguments() && current.starts_with("--") && equal_sign != std::string::npos) {
        const auto* option = find_option(line.command(), std::string_view(current).substr(0, equal_sign));
        if (takes_value(option))
            add_values(completion, *option, sources, line.options(), current.substr(equal_sign + 1),
                       value_alone ? "" : current.substr(0, equal_sign + 1));
    } else if (!line.only_arguments() && current.starts_with('-')) {
        add_options(completion, line.command(), current);
    } else {
        add_commands_and_arguments(completion, commands, sources, line, current);
    }
    return completion;
}

std::string completion_lines(const Completion& completion) {
    std::string lines;
    for (const auto& candidate : completion.candidates)
        lines += candidate.word + "\t" + candidate.help + "\n";
    if (completion.paths == Completion::Paths::kFiles) lines += ":files\n";
    if (completion.paths == Completion::Paths::kFolders) lines += ":folders\n";
    return lines;
}

std::vector<std::string> listed_words(std::string_view help) {
    constexpr std::string_view kLast = " or ";
    const auto last = help.rfind(kLast);
    if (last == std::string_view::npos) return {};
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < last;) {
        const auto end = std::min(help.find(", ", begin), last);
        words.emplace_back(help.substr(begin, end - begin));
        begin = end + 2;
    }
    words.emplace_back(help.substr(last + kLast.size()));
    const bool plain = std::ranges::all_of(words, [](std::string_view word) {
        return word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
    });
    return plain ? words : std::vector<std::string>{};
}

}  // namespace fairlead::cli
