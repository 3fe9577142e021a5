#include "kube/yaml_load.h"

#include <yaml-cpp/eventhandler.h>

#include <sstream>
#include <string>

namespace fairlead::kube {

namespace {

/// Looks only at where documents start.
class DocumentStarts final : public YAML::EventHandler {
  public:
    YAML::Mark last;

    void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

/// Nothing can follow a map or sequence in block style that begins at the margin, or the parser would have
/// said so; all usual manifests are such.
bool goes_to_the_end(const YAML::Node& node) {
    return (node.IsMap() || node.IsSequence()) && node.Style() == YAML::EmitterStyle::Block &&
           node.Mark().column == 0;
}

void refuse_second_document(const std::string& text) {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    DocumentStarts starts;
    if (parser.HandleNextDocument(starts) && parser.HandleNextDocument(starts))
        throw YAML::ParserException(starts.last, "something follows the end of the document");
}

}  // namespace

YAML::Node load_only_document(std::string_view text) {
    // The parser takes the end of a text for the end of a quoted scalar, but not the end of a document.
    const auto with_end = std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n");
    auto node = YAML::Load(with_end);
    if (!goes_to_the_end(node)) refuse_second_document(with_end);
    return node;
}

}  // namespace fairlead::kube
