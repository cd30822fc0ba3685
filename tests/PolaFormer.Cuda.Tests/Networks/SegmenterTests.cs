using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Tests;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That a segmenter on the kernels repeats the pass over images and windows of one size as one piece of work, and finds the processor's classes.</summary>
public class SegmenterTests
{
    private const int Side = 32, Classes = 3;

    [Fact]
    public void Images_of_one_size_after_the_second_are_one_piece_of_work_each()
    {
        var runtime = new FibreRuntime(order: 0);
        ImageSegmenter here = Segmenter(Device.Cpu), there = Segmenter(new CudaDevice(runtime, "cuda:0"));
        for (int i = 0; i < 4; i++)
        {
            using Image photo = Noise(i, Side);
            AssertAlike(here.Segment(photo), there.Segment(photo));
        }

        Assert.Equal(2, runtime.CapturedRuns);
    }

    [Fact]
    public void Windows_of_a_photograph_are_one_piece_of_work_each()
    {
        var runtime = new FibreRuntime(order: 0);
        var window = new SlidingWindow(Side, Side, Side / 2, Side / 2);
        using Image photo = Noise(7, 2 * Side);
        AssertAlike(Segmenter(Device.Cpu, window).Segment(photo), Segmenter(new CudaDevice(runtime, "cuda:0"), window).Segment(photo));

        Assert.Equal(9 - 2, runtime.CapturedRuns);
    }

    private static ImageSegmenter Segmenter(Device device, SlidingWindow? window = null)
    {
        Segmenter network = TinySegmenter.LightHam(Classes).Create();
        network.Initialize(7);
        network.To(device);
        int side = window is null ? Side : 2 * Side;
        return new ImageSegmenter(network, ClassNames.Numbered(Classes)) { Pipeline = new TestPipeline { Scale = (side, side) }, Window = window };
    }

    // Where two classes are as good as each other, rounding decides.
    private static void AssertAlike(SegmentationResult expected, SegmentationResult actual) =>
        Assert.InRange(expected.Map.Values.Zip(actual.Map.Values).Count(pair => pair.First != pair.Second), 0, expected.Map.Values.Length / 100);

    private static Image Noise(int seed, int side)
    {
        var image = new Image(side, side);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
