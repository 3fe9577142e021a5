#include "bench/dns/questions.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

namespace fairlead::bench {

namespace {

[[noreturn]] void refuse(const std::string& line) {
    std::cerr << "no question: '" << line << "'\n";
    std::exit(1);
}

int type_number(const std::string& type) {
    static const std::map<std::string, int> kTypes = {{"A", 1},    {"NS", 2},    {"CNAME", 5},
                                                      {"SOA", 6},  {"PTR", 12},  {"MX", 15},
                                                      {"TXT", 16}, {"AAAA", 28}, {"SRV", 33}};
    const auto known = kTypes.find(type);
    return known != kTypes.end() ? known->second : std::atoi(type.c_str());
}

Question question(const std::string& name, int type) {
    // RD is set; one question.
    Question bytes = {1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    std::istringstream labels{name};
    for (std::string label; std::getline(labels, label, '.');) {
        if (label.empty() || label.size() > 63) return {};
        bytes.push_back(static_cast<std::uint8_t>(label.size()));
        bytes.insert(bytes.end(), label.begin(), label.end());
    }
    for (const int byte : {0, type >> 8, type & 0xff, 0, 1})
        bytes.push_back(static_cast<std::uint8_t>(byte));
    return bytes;
}

}  // namespace

std::vector<Question> read_questions(const std::string& path) {
    std::ifstream file{path};
    std::vector<Question> questions;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line};
        std::string name;
        std::string type;
        if (!(words >> name >> type)) refuse(line);
        const int number = type_number(type);
        auto made = question(name, number);
        if (number <= 0 || made.empty()) refuse(line);
        questions.push_back(std::move(made));
    }
    if (questions.empty()) refuse(path);
    return questions;
}

}  // namespace fairlead::bench
