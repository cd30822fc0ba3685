using PolaFormer.Detection.Boxes;

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

    [Fact]
    public void A_score_at_the_bound_is_not_above_it()
    {
        int[] kept = NonMaximumSuppression.KeepByClass([new(0, 0, 1, 1)], [0.05f, 0.06f, 0.89f], 2, 0.05f, 0.5f);
        Assert.Equal([1], kept);
    }
}
