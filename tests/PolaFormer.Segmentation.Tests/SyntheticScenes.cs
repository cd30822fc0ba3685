using PolaFormer.Segmentation.Data;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Tests;

/// <summary>Pictures of a dark ground with a red and a green square: three classes that colour alone tells apart.</summary>
internal sealed class SyntheticScenes(int count, int size = 96) : ISegmentationDataset
{
    public int Count => count;

    public string NameOf(int index) => $"scene {index}";

    public (Image Image, LabelMap Labels) Read(int index)
    {
        var random = new Random(index);
        var image = new Image(size, size);
        image.Pixels.Fill(40);
        var labels = new byte[size * size];
        for (byte label = 1; label <= 2; label++)
        {
            int side = random.Next(size / 4, size / 2), top = random.Next(size - side), left = random.Next(size - side);
            for (int y = top; y < top + side; y++)
            {
                for (int x = left; x < left + side; x++)
                {
                    labels[(y * size) + x] = label;
                    image.Row(y).Slice(3 * x, 3).Clear();
                    image.Row(y)[(3 * x) + label - 1] = 220;
                }
            }
        }

        return (image, new LabelMap(size, size, labels));
    }
}
