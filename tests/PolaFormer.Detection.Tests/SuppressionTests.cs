using PolaFormer.Detection.Boxes;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Detection.Tests;

public class SuppressionTests
{
    private static readonly Box[] s_boxes = [new(0, 0, 10, 10), new(0, 0, 10, 9), new(20, 20, 30, 30), new(0, 0, 10, 10)];

    [Fact]
    public void Of_equal_scores_the_first_stays()
    {
        int[] kept = NonMaximumSuppression.Keep(s_boxes, [0.5f, 0.5f, 0.5f, 0.5f], 0.5f);
        Assert.Equal([0, 2], kept);
    }

    [Fact]
    public void An_overlap_equal_to_the_bound_is_allowed()
    {
        // Half of the first is the second: an overlap of 0.5 exactly.
        int[] kept = NonMaximumSuppression.Keep([new(0, 0, 4, 4), new(0, 0, 4, 2)], [0.9f, 0.8f], 0.5f);
        Assert.Equal([0, 1], kept);
    }

    [Fact]
    public void Groups_do_not_compete_in_one_pass_or_in_several()
    {
        int[] groups = [0, 1, 0, 0];
        float[] scores = [0.4f, 0.9f, 0.3f, 0.8f];
        int[] once = NonMaximumSuppression.KeepByGroup(s_boxes, scores, groups, 0.5f);
        Assert.Equal([1, 3, 2], once);
        Assert.Equal(once, NonMaximumSuppression.KeepByGroup(s_boxes, scores, groups, 0.5f, split: 1));
    }

    // More boxes than a vector has lanes, all of one score, in chains of which every other one goes.
    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(40)]
    public void Chains_of_equal_scores_lose_every_other_box(int count)
    {
        Box[] boxes = [.. Enumerable.Range(0, count).Select(i => new Box(4 * i, 0, (4 * i) + 10, 5))];
        float[] scores = [.. Enumerable.Repeat(0.25f, count)];
        Assert.Equal([.. Enumerable.Range(0, count).Where(i => i % 2 == 0)], NonMaximumSuppression.Keep(boxes, scores, 0.3f));
        Assert.Equal([0], NonMaximumSuppression.Keep(boxes, scores, 0.3f, most: 1));
        Assert.Empty(NonMaximumSuppression.Keep(boxes, scores, 0.3f, scoreBound: 0.25f));
    }

    [Fact]
    public void Without_boxes_nothing_stays()
    {
        Assert.Empty(NonMaximumSuppression.Keep([], [], 0.5f));
        Assert.Empty(NonMaximumSuppression.KeepByGroup([], [], [], 0.5f));
        Assert.Empty(NonMaximumSuppression.KeepByClass([], [], 3, 0.05f, 0.5f));
    }

    [Fact]
    public void The_best_of_many_are_the_first_of_all()
    {
        var scores = new float[5000];
        new Philox(5, 5).FillNormal(scores, 0);
        for (int i = 0; i < scores.Length; i += 3)
            scores[i] = MathF.Round(scores[i]);
        int[] all = NonMaximumSuppression.ByScore(scores);
        Assert.All([0, 1, 700, 4999, 5000, 6000], count => Assert.Equal(all.Take(count), NonMaximumSuppression.BestByScore(scores, count)));
    }

    [Fact]
    public void A_score_at_the_bound_is_not_above_it()
    {
        int[] kept = NonMaximumSuppression.KeepByClass([new(0, 0, 1, 1)], [0.05f, 0.06f, 0.89f], 2, 0.05f, 0.5f);
        Assert.Equal([1], kept);
    }
}
