using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Tests;

public class AssignmentTests
{
    private static readonly MaxIoUAssigner s_assigner = new() { PositiveOverlap = 0.5f, NegativeOverlap = 0.4f };

    [Fact]
    public void Without_objects_everything_is_background()
    {
        Assignment assignment = s_assigner.Assign([new(0, 0, 1, 1), new(0, 0, 9, 9)], [], [], []);
        Assert.Equal([0, 0], assignment.Objects);
        Assert.Equal([-1, -1], assignment.Labels);
    }

    [Fact]
    public void Every_object_claims_the_box_that_it_overlaps_best()
    {
        Assignment assignment = s_assigner.Assign([new(0, 0, 10, 10), new(0, 0, 100, 100)], [new(0, 0, 10, 2)], [7], []);
        Assert.Equal([1, 0], assignment.Objects);
        Assert.Equal([7, -1], assignment.Labels);
    }

    [Fact]
    public void An_object_that_overlaps_nothing_claims_every_box_that_does_not_overlap_it()
    {
        Assignment assignment = s_assigner.Assign([new(0, 0, 1, 1), new(5, 5, 6, 6)], [new(50, 50, 60, 60)], [0], []);
        Assert.Equal([1, 1], assignment.Objects);
    }

    // Both objects overlap the box alike; the box alone is claimed by the later one, which comes last.
    [Fact]
    public void Of_equal_overlaps_the_first_object_counts_unless_a_later_one_claims_the_box()
    {
        Box[] boxes = [new(0, 0, 8, 8), new(40, 40, 41, 41)], objects = [new(0, 0, 8, 6), new(0, 2, 8, 8)];
        Assert.Equal([1, 0], (s_assigner with { MatchesLowQuality = false }).Assign(boxes, objects, [3, 4], []).Objects);
        Assert.Equal([2, 0], s_assigner.Assign(boxes, objects, [3, 4], []).Objects);
    }

    [Theory]
    [InlineData(true, new[] { 1, 1, 0 })]
    [InlineData(false, new[] { 1, 0, 0 })]
    public void Of_boxes_with_the_same_best_overlap_all_are_claimed_or_the_first(bool claimsAll, int[] expected)
    {
        Box[] boxes = [new(0, 0, 4, 4), new(4, 0, 8, 4), new(20, 20, 24, 24)];
        Assert.Equal(expected, (s_assigner with { ClaimsAll = claimsAll }).Assign(boxes, [new(2, 0, 6, 4)], [0], []).Objects);
    }

    [Fact]
    public void Between_the_bounds_a_box_is_ignored_and_below_the_range_of_background_too()
    {
        Box[] boxes = [new(0, 0, 10, 4.5f), new(0, 0, 10, 3), new(0, 0, 10, 1), new(0, 0, 10, 10)];
        MaxIoUAssigner assigner = s_assigner with { NegativeFrom = 0.2f, MatchesLowQuality = false };
        Assert.Equal([-1, 0, -1, 1], assigner.Assign(boxes, [new(0, 0, 10, 10)], [0], []).Objects);
    }

    [Theory]
    [InlineData(true, -1)]
    [InlineData(false, 0)]
    public void A_box_in_a_crowd_is_ignored_by_its_own_part_or_the_crowds(bool byBox, int expected)
    {
        MaxIoUAssigner assigner = s_assigner with { IgnoredPart = 0.5f, IgnoresByBox = byBox };
        Assert.Equal([expected, 1], assigner.Assign([new(30, 30, 40, 40), new(0, 0, 10, 10)], [new(0, 0, 10, 10)], [0], [new(20, 20, 60, 60)]).Objects);
    }

    [Fact]
    public void Fewer_positives_than_their_part_are_filled_up_by_negatives_within_their_bound()
    {
        Box[] boxes = [new(0, 0, 10, 10), .. Enumerable.Range(2, 9).Select(i => new Box(20 * i, 0, (20 * i) + 10, 10))], objects = [new(0, 0, 10, 10)];
        Assignment assignment = (s_assigner with { MatchesLowQuality = false }).Assign(boxes, objects, [5], []);
        var sampler = new RandomSampler { Count = 8, PositivePart = 0.5f, NegativesPerPositive = 3 };
        SampledBoxes sampled = sampler.Sample(assignment, boxes, objects, [5], count => [.. Enumerable.Range(0, count).Reverse()]);
        Assert.Equal([0], sampled.Positive);
        Assert.Equal([7, 8, 9], sampled.Negative);
        sampled = (sampler with { AddsObjects = true, NegativesPerPositive = -1 }).Sample(assignment, boxes, objects, [5], count => [.. Enumerable.Range(0, count)]);
        Assert.Equal([0, 1], sampled.Positive);
        Assert.Equal([true, false], sampled.IsObject);
        Assert.Equal(6, sampled.Negative.Length);
    }

    [Fact]
    public void Decoding_what_was_encoded_gives_the_box_back()
    {
        var coder = new BoxCoder((0.1f, 0.1f, 0.2f, 0.2f));
        Box from = new(10, 20, 50, 80), to = new(12, 18, 70, 75);
        Box delta = coder.Encode(from, to);
        float[] decoded = coder.Decode(Box.ToTensor([from]), Box.ToTensor([delta])).ToArray();
        Assert.Equal(to.X1, decoded[0], 1e-4);
        Assert.Equal(to.Y2, decoded[3], 1e-4);
    }
}
