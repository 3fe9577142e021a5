#pragma once

#include "base/time.h"
#include "dns/engine_counts.h"
#include "dns/engine_packets.h"
#include "dns/query.h"
#include "dns/search_context.h"

namespace fairlead::dns {

/// A reply as it goes out. What it refers to lasts for the call only.
struct SeenAnswer {
    const Client& client;
    const SearchContext* context;  ///< nullptr: no pod that is known for certain
    const Query& query;
    Bytes reply;  ///< the whole message
    ReplySource reply_source;
    base::Duration took;  ///< from the turn that the query came in; 0 for what was answered at once
};

/// Is told of each reply of an engine to a well-formed query, on the engine's thread.
class AnswerObserver {
  public:
    virtual ~AnswerObserver() = default;
    virtual void answered(base::TimePoint now, const SeenAnswer& answer) = 0;
};

}  // namespace fairlead::dns
