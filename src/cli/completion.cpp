#include "cli/completion.h"

#include "base/assert.h"

namespace fairlead::cli {

namespace {

constexpr std::string_view kBash = R"sh(_fairlead() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) compopt -o default ;;
            :folders) compopt -o dirnames ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _fairlead fairlead
)sh";

constexpr std::string_view kZsh = R"sh(#compdef fairlead
_fairlead() {
    local line
    local -a candidates
    for line in "${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            (:files) _files ;;
            (:folders) _files -/ ;;
            (?*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( ${#candidates} )) && _describe fairlead candidates
}
if [ "$funcstack[1]" = _fairlead ]; then
    _fairlead "$@"
else
    compdef _fairlead fairlead
fi
)sh";

constexpr std::string_view kFish = R"sh(function __fairlead_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete -- $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c fairlead -f -a '(__fairlead_complete)'
)sh";

}  // namespace

std::string_view completion_script(std::string_view shell) {
    if (shell == "bash") return kBash;
    if (shell == "zsh") return kZsh;
    FAIRLEAD_ASSERT(shell == "fish");
    return kFish;
}

}  // namespace fairlead::cli
