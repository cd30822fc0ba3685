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
