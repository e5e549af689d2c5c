// Expressions as muscles. The prototypes follow the Facial Action Coding System's table of
// emotions; each has several mouths, every muscle takes part with some probability only, intensity
// varies, and a quarter of the faces mixes two expressions.
#include <algorithm>
#include <initializer_list>
#include <vector>

#include "core/error.h"
#include "data/synth/face.h"

namespace lanet::synth {
namespace {

struct Rule {
  Unit unit;
  float probability, low, high;
};
using Rules = std::vector<Rule>;
struct Prototype {
  Rules always;               // brows, lids, nose, cheeks
  std::vector<Rules> mouths;  // one of these
};

const Prototype& prototype(Expression expression) {
  static const std::array<Prototype, kNumExpressions> table{{
      // anger
      {{{brow_lower, 0.95f, 0.6f, 1.f},
        {upper_lid_raise, 0.55f, 0.3f, 0.8f},
        {lid_tighten, 0.75f, 0.4f, 0.9f},
        {nose_wrinkle, 0.1f, 0.2f, 0.4f}},
       {{{lip_press, 1.f, 0.6f, 1.f},
         {chin_raise, 0.6f, 0.2f, 0.7f},
         {corner_depress, 0.4f, 0.2f, 0.6f}},
        {{lips_part, 1.f, 0.5f, 1.f},
         {teeth_clench, 1.f, 1.f, 1.f},
         {upper_lip_raise, 0.5f, 0.2f, 0.5f},
         {lip_stretch, 0.5f, 0.2f, 0.5f}},
        {{jaw_drop, 1.f, 0.35f, 0.75f},
         {upper_lip_raise, 0.6f, 0.2f, 0.6f},
         {corner_depress, 0.4f, 0.2f, 0.5f}}}},
      // disgust
      {{{nose_wrinkle, 0.95f, 0.5f, 1.f},
        {brow_lower, 0.4f, 0.1f, 0.4f},
        {lid_tighten, 0.6f, 0.3f, 0.8f},
        {cheek_raise, 0.6f, 0.2f, 0.7f},
        {lid_droop, 0.35f, 0.2f, 0.5f}},
       {{{upper_lip_raise, 1.f, 0.5f, 1.f},
         {corner_depress, 0.6f, 0.2f, 0.7f},
         {chin_raise, 0.4f, 0.2f, 0.6f}},
        {{upper_lip_raise, 1.f, 0.6f, 1.f},
         {lips_part, 1.f, 0.3f, 0.7f},
         {corner_depress, 0.6f, 0.3f, 0.7f}},
        {{tongue_show, 1.f, 0.6f, 1.f},
         {jaw_drop, 1.f, 0.25f, 0.5f},
         {upper_lip_raise, 0.7f, 0.3f, 0.8f},
         {corner_depress, 0.5f, 0.2f, 0.5f}}}},
      // fear
      {{{inner_brow_raise, 1.f, 0.6f, 1.f},
        {outer_brow_raise, 0.3f, 0.2f, 0.5f},
        {brow_lower, 0.65f, 0.2f, 0.5f},
        {upper_lid_raise, 0.95f, 0.65f, 1.f},
        {lid_tighten, 0.3f, 0.1f, 0.4f}},
       {{{lip_stretch, 1.f, 0.5f, 1.f},
         {lips_part, 1.f, 0.4f, 1.f},
         {teeth_clench, 0.45f, 1.f, 1.f}},
        {{jaw_drop, 1.f, 0.25f, 0.65f}, {lip_stretch, 1.f, 0.5f, 1.f}},
        {{lip_stretch, 1.f, 0.6f, 1.f},
         {lips_part, 0.5f, 0.2f, 0.5f},
         {corner_depress, 0.5f, 0.2f, 0.5f}}}},
      // happiness
      {{{cheek_raise, 0.8f, 0.3f, 1.f},
        {lid_tighten, 0.2f, 0.2f, 0.4f},
        {inner_brow_raise, 0.15f, 0.1f, 0.4f},
        {outer_brow_raise, 0.2f, 0.1f, 0.5f}},
       {{{corner_pull, 1.f, 0.55f, 1.f}},
        {{corner_pull, 1.f, 0.6f, 1.f}, {lips_part, 1.f, 0.4f, 1.f}},
        {{corner_pull, 1.f, 0.6f, 1.f},
         {jaw_drop, 1.f, 0.25f, 0.7f},
         {lid_droop, 0.3f, 0.5f, 1.f}}}},
      // sadness
      {{{inner_brow_raise, 0.85f, 0.4f, 1.f},
        {brow_lower, 0.5f, 0.2f, 0.5f},
        {lid_droop, 0.6f, 0.25f, 0.6f},
        {gaze_down, 0.5f, 0.4f, 1.f}},
       {{{corner_depress, 1.f, 0.5f, 1.f}, {chin_raise, 0.5f, 0.3f, 0.9f}},
        {{corner_depress, 0.9f, 0.4f, 0.9f}, {lip_press, 0.5f, 0.2f, 0.5f}},
        {{corner_depress, 1.f, 0.5f, 0.9f},
         {lips_part, 1.f, 0.3f, 0.7f},
         {lip_stretch, 0.4f, 0.2f, 0.4f}}}},
      // surprise
      {{{inner_brow_raise, 0.95f, 0.5f, 1.f},
        {outer_brow_raise, 0.95f, 0.5f, 1.f},
        {upper_lid_raise, 0.75f, 0.3f, 0.8f}},
       {{{jaw_drop, 1.f, 0.5f, 1.f}, {lip_pucker, 0.4f, 0.2f, 0.6f}},
        {{jaw_drop, 1.f, 0.25f, 0.5f}, {lip_pucker, 0.5f, 0.3f, 0.8f}},
        {{jaw_drop, 0.8f, 0.15f, 0.35f},
         {lips_part, 0.7f, 0.4f, 1.f},
         {lip_pucker, 0.5f, 0.3f, 0.7f}}}},
      // neutral: what every face does a little, below
      {{}, {{}}},
  }};
  return table[expression];
}

void activate(const Rules& rules, Dice& dice, Muscles& muscles) {
  for (const Rule& rule : rules)
    if (dice.chance(rule.probability))
      muscles[rule.unit] = std::max(muscles[rule.unit], dice.range(rule.low, rule.high));
}

Muscles draw_muscles(Expression expression, Dice& dice) {
  Muscles muscles{};
  const Prototype& p = prototype(expression);
  activate(p.always, dice, muscles);
  activate(p.mouths[dice.below(static_cast<int>(p.mouths.size()))], dice, muscles);
  return muscles;
}

/// How sure an observer is of an expression of this intensity; the rest goes to neutral.
float certainty(float intensity) {
  return mix(0.58f, 1.f, smoothstep(0.3f, 0.85f, intensity));
}

}  // namespace

Mood draw_mood(Dice& dice) {
  constexpr float kMixedShare = 0.25f, kDoubt = 0.02f;
  Mood mood{.label = static_cast<Expression>(dice.pick(kExpressionShares)),
            .distribution = {},
            .muscles = {}};
  const bool mixed = dice.chance(kMixedShare);
  const float weight = mixed ? dice.range(0.65f, 0.88f) : 1.f;
  Expression second = mood.label;
  while (mixed && second == mood.label) second = static_cast<Expression>(dice.below(neutral + 1));

  // Neutral has no intensity of its own: mixed with another expression it is that one, faint.
  float intensity = mood.label == neutral ? 1.f : std::min(1.f, dice.range(0.6f, 1.7f));
  if (mixed) intensity = std::max(intensity, 0.65f);
  const float sure = mood.label == neutral ? 1.f : certainty(intensity);
  mood.distribution[neutral] += 1 - sure;
  mood.distribution[mood.label] += sure * weight;
  mood.distribution[second] += sure * (1 - weight);
  for (float& p : mood.distribution) p = mix(p, 1.f / kNumExpressions, kDoubt);
  LANET_REQUIRE(std::max_element(mood.distribution.begin(), mood.distribution.end()) -
                        mood.distribution.begin() ==
                    mood.label,
                "the label is not the most probable expression");

  const Muscles first = draw_muscles(mood.label, dice), other = draw_muscles(second, dice);
  for (int u = 0; u < kNumUnits; ++u) {
    mood.muscles[u] = intensity * (mixed ? mix(other[u], first[u], weight) : first[u]);
    // What a face does by itself, whatever it expresses.
    if (dice.chance(0.1f) && u != teeth_clench && u != tongue_show)
      mood.muscles[u] = std::min(1.f, mood.muscles[u] + dice.range(0, 0.2f));
  }
  if (dice.chance(0.03f)) mood.muscles[lid_droop] = 1;  // a blink
  return mood;
}

}  // namespace lanet::synth
