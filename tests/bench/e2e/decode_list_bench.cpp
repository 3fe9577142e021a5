// usage: decode_list_bench KIND FILE
// Seconds that fairlead's decoder takes for a protobuf list of KIND as the API server sent it; best of 5.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>

#include "kube/decode_protobuf.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: decode_list_bench KIND FILE\n";
        return 2;
    }
    std::ifstream file(argv[2], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    double best_seconds = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 5; ++round) {
        const auto start = std::chrono::steady_clock::now();
        const auto page = fairlead::kube::decode_protobuf_list(text, argv[1]);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        if (!page) {
            std::cerr << page.error().message << '\n';
            return 1;
        }
        best_seconds = std::min(best_seconds, took.count());
    }
    std::cout << best_seconds << '\n';
}
