using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;

namespace PolaFormer.Detection.Tests;

public class DetectionErrorsTests
{
    private static readonly CocoDataset s_dataset = Made();

    [Fact]
    public void What_no_detection_of_the_class_overlaps_is_missed_the_largest_first()
    {
        var errors = DetectionErrors.Of(s_dataset, [new ImageDetections([new Box(0, 0, 10, 10)], [0.9f], [1])], 0.3f);
        Assert.Equal([20, 10], errors.Misses.Select(miss => miss.Box.Width));
        Assert.Equal(1, Assert.Single(errors.FalseAlarms).Label);
    }

    [Fact]
    public void What_is_found_is_neither_and_what_is_found_twice_is_an_alarm()
    {
        var errors = DetectionErrors.Of(s_dataset, [new ImageDetections([new Box(0, 0, 10, 10), new Box(0, 0, 10, 9), new Box(30, 30, 50, 50)], [0.9f, 0.8f, 0.7f], [0, 0, 0])], 0.3f);
        Assert.Empty(errors.Misses);
        Assert.Equal(0.8f, Assert.Single(errors.FalseAlarms).Score);
    }

    [Fact]
    public void Detections_below_the_threshold_and_those_in_a_crowd_are_no_alarms()
    {
        var errors = DetectionErrors.Of(s_dataset, [new ImageDetections([new Box(90, 90, 95, 95), new Box(62, 62, 78, 78)], [0.2f, 0.9f], [0, 0])], 0.3f);
        Assert.Empty(errors.FalseAlarms);
        Assert.Equal(2, errors.Misses.Count);
    }

    private static CocoDataset Made()
    {
        var image = new CocoImage(1, "a.png", 100, 100);
        image.Annotations.Add(new CocoAnnotation { Id = 0, Category = 1, Box = (0, 0, 10, 10), Area = 100 });
        image.Annotations.Add(new CocoAnnotation { Id = 2, Category = 1, Box = (30, 30, 20, 20), Area = 400 });
        image.Annotations.Add(new CocoAnnotation { Id = 3, Category = 1, Box = (60, 60, 20, 20), Area = 400, IsCrowd = true });
        return new CocoDataset([image], CocoCategories.Named(["a", "b"]));
    }
}
