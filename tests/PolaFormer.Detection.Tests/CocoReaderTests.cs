using System.Text;
using System.Text.Json;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection.Tests;

public class CocoReaderTests
{
    private const string Sample = """
        {"info": {"year": 2017, "nested": [1, [2]]}, "annotations": [
          {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 10, 8], "area": 60, "iscrowd": 0, "segmentation": [[1, 2, 11, 2, 11, 10]]},
          {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "area": 25, "iscrowd": 1, "segmentation": {"size": [40, 50], "counts": [0, 5, 1995]}},
          {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "area": 25},
          {"id": 4, "image_id": 99, "category_id": 3, "bbox": [0, 0, 5, 5], "area": 25},
          {"id": 5, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5], "area": 25},
          {"id": 6, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "segmentation": [[1, 2]]}],
         "images": [{"id": 7, "file_name": "a.jpg", "height": 40, "width": 50}], "categories": [{"id": 3, "name": "cat"}]}
        """;

    [Fact]
    public void What_cannot_be_used_is_left_out_and_named()
    {
        (CocoDataset dataset, CocoReader report) = Read(Sample);
        Assert.Equal(2, dataset.Images[0].Annotations.Count);
        Assert.Equal(4, report.LeftOut);
        Assert.Contains(report.Reasons, reason => reason.Contains("annotation 2 is there twice", StringComparison.Ordinal));
        Assert.Contains(report.Reasons, reason => reason.Contains("no image 99", StringComparison.Ordinal));
    }

    [Fact]
    public void A_crowd_is_a_region_and_no_object()
    {
        (var boxes, _, var ignored, var masks) = Read(Sample).Dataset.ObjectsOf(Read(Sample).Dataset.Images[0]);
        Assert.Single(boxes);
        Assert.Single(ignored);
        Assert.Equal(1, masks.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"images\": [")]
    [InlineData("{\"images\": [{]}")]
    public void What_is_no_object_of_lists_is_told(string text) => Assert.ThrowsAny<JsonException>(() => Read(text));

    private static (CocoDataset Dataset, CocoReader Report) Read(string text) => CocoReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
