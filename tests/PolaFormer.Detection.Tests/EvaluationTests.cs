using PolaFormer.Detection.Evaluation;

namespace PolaFormer.Detection.Tests;

public class EvaluationTests
{
    private static readonly EvaluatedObject s_object = new() { Image = 1, Category = 1, Id = 1, Box = (0, 0, 40, 40), Area = 1600 };

    [Fact]
    public void What_is_found_exactly_has_a_precision_of_one() => Assert.Equal(1, Run([s_object with { Id = 0, Score = 0.5 }]).Summary[0], 9);

    [Fact]
    public void A_false_alarm_of_a_higher_score_halves_the_precision() =>
        Assert.Equal(0.5, Run([s_object with { Id = 0, Score = 0.5 }, s_object with { Id = 0, Score = 0.9, Box = (100, 100, 40, 40) }]).Summary[0], 9);

    [Fact]
    public void Nothing_found_is_zero_and_nothing_to_find_is_minus_one()
    {
        double[] summary = Run([]).Summary;
        Assert.Equal(0, summary[0]);
        Assert.Equal(-1, summary[3]);
    }

    private static EvaluationTable Run(EvaluatedObject[] found) => DetectionEvaluation.Run([1], [1], [s_object], found, new EvaluationOptions());
}
