// One object of a kind for the whole process.
#pragma once

#include <pthread.h>

namespace recurra {

// It is never destroyed, as a thread may still be using it. A forked child gets a new one: what the
// threads of its parent held when it was forked, nobody there will ever give back.
template <class T>
class Shared {
 public:
  static T &object() {
    static const int watched = pthread_atfork(nullptr, nullptr, renew);
    (void)watched;
    return *place();
  }

 private:
  static T *&place() {
    static T *made = new T;
    return made;
  }
  static void renew() { place() = new T; }
};

}  // namespace recurra
