#pragma once

#include <string>

namespace fairlead::lab {

/// The manifest of a lab that was given none: Service "cart" and a Pod "visitor" that can ask it, in
/// namespace "shop".
std::string demo_services();
/// Pods cart-1 to cart-`replicas` of that Service.
std::string demo_pods(unsigned replicas);

}  // namespace fairlead::lab
