using PolaFormer.Detection.Data;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Tests;

public class ShapeScenesTests
{
    [Fact]
    public void A_scene_follows_from_seed_and_number()
    {
        ShapeScenes scenes = new(3, 64, 5), again = new(2, 64, 5), other = new(3, 64, 6);
        AnnotatedImage first = scenes.Read(scenes.Images[1]), second = again.Read(again.Images[1]);
        Assert.Equal(first.Boxes, second.Boxes);
        Assert.Equal(first.Image.Pixels, second.Image.Pixels);
        Assert.NotEqual(first.Boxes, other.Read(other.Images[1]).Boxes);
    }

    [Fact]
    public void Boxes_lie_within_the_scene_around_masks_with_pixels()
    {
        var scenes = new ShapeScenes(40, 96, 1);
        foreach (CocoImage image in scenes.Images)
        {
            AnnotatedImage scene = scenes.Read(image);
            Assert.NotEmpty(scene.Boxes);
            for (int i = 0; i < scene.Boxes.Length; i++)
            {
                Assert.InRange(scene.Boxes[i].X1, 0, 96);
                Assert.InRange(scene.Boxes[i].Y2, 0, 96);
                RunLengthMask mask = RunLengthMask.FromBitmap(scene.Masks!.Bitmap(i), 96, 96);
                Assert.True(mask.Area > 0);
                Assert.InRange(mask.Bounds.Width, 0.6 * scene.Boxes[i].Width, scene.Boxes[i].Width + 2);
            }
        }
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 16)]
    public void Numbers_out_of_range_are_told(int count, int side) => Assert.Throws<ArgumentException>(() => new ShapeScenes(count, side));
}
