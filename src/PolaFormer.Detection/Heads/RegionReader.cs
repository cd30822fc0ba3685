using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Tensors;

namespace PolaFormer.Detection.Heads;

/// <summary>Reads regions off the level of a pyramid that fits their size (mmdetection's SingleRoIExtractor).</summary>
public sealed class RegionReader(RegionPooling pooling)
{
    /// <summary>Side of what is read.</summary>
    public int Size => pooling.Size;

    /// <summary>The level of a region: large ones are read off coarse maps.</summary>
    public int LevelOf(Box box) => Math.Clamp((int)MathF.Floor(MathF.Log2((MathF.Sqrt(box.Width * box.Height) / pooling.FinestScale) + 1e-6f)), 0, pooling.Strides.Count - 1);

    /// <summary>Regions of a batch → (n, size, size, C).</summary>
    /// <param name="maps">Maps from the finest on; more than strides are left out.</param>
    /// <param name="regions">Number of the image and box.</param>
    public Tensor Read(IReadOnlyList<Tensor> maps, IReadOnlyList<(int Image, Box Box)> regions)
    {
        if (regions.Count == 0)
            return maps[0].RoiAlign(Tensor.Empty([0, 5], device: maps[0].Device), RuleOf(0));
        int[] levels = [.. regions.Select(region => LevelOf(region.Box))];
        List<Tensor> parts = [];
        List<int> order = [];
        for (int level = 0; level < pooling.Strides.Count; level++)
        {
            int[] numbers = [.. Enumerable.Range(0, levels.Length).Where(i => levels[i] == level)];
            if (numbers.Length == 0)
                continue;
            float[] rows = [.. numbers.SelectMany(i => new[] { regions[i].Image, regions[i].Box.X1, regions[i].Box.Y1, regions[i].Box.X2, regions[i].Box.Y2 })];
            parts.Add(maps[level].RoiAlign(Tensor.From(rows, [numbers.Length, 5], maps[level].Device), RuleOf(level)));
            order.AddRange(numbers);
        }

        if (parts.Count == 1)
            return parts[0];
        long[] places = new long[order.Count];
        for (int i = 0; i < places.Length; i++)
            places[order[i]] = i;
        Tensor all = Tensor.Concat(0, [.. parts]);
        return all.Reshape(all.Shape[0], -1).Embedding(Tensor.From(places, [places.Length], all.Device)).Reshape(all.Shape);
    }

    /// <summary>Numbers of the regions, at most so many together, all of one level.</summary>
    public IEnumerable<int[]> Parts(IReadOnlyList<(int Image, Box Box)> regions, int most) => Enumerable.Range(0, regions.Count)
        .GroupBy(i => LevelOf(regions[i].Box)).OrderBy(level => level.Key).SelectMany(level => level.Chunk(most));

    private RoiAlignRule RuleOf(int level) => new(pooling.Size, pooling.Size, 1f / pooling.Strides[level], pooling.SamplingRatio, pooling.IsAligned);
}
