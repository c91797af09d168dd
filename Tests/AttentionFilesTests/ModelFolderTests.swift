import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

@Suite struct ModelFolderTests {
    private struct Config: Decodable, Equatable {
        struct Rope: Decodable, Equatable { var factors: [Double] }
        var hiddenSize: Int
        var name: String?
        var rope: Rope?

        private enum CodingKeys: String, CodingKey {
            case hiddenSize = "hidden_size"
            case name, rope
        }
    }

    private func decodingError(_ json: String) throws -> ModelFileError? {
        let folder = try TemporaryFolder()
        try folder.write(json, to: "config.json")
        return #expect(throws: ModelFileError.self) { try ModelFolder(path: folder.path).decode(Config.self) }
    }

    @Test func decodesTheConfiguration() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"hidden_size": 384, "rope": {"factors": [1, 2.5]}, "other": null}"#, to: "config.json")
        let model = try ModelFolder(path: folder.path + "/")
        #expect(model.path == folder.path)
        #expect(
            try model.decode(Config.self)
                == Config(hiddenSize: 384, name: nil, rope: .init(factors: [1, 2.5])))
    }

    @Test func decodingErrorsNameFileAndMember() throws {
        let missing = try #require(try decodingError(#"{"name": "x"}"#))
        #expect(missing.description.hasSuffix("config.json: hidden_size: expected a value, found nothing"))
        let mistyped = try #require(try decodingError(#"{"hidden_size": "wide"}"#))
        #expect(
            mistyped.description.hasSuffix(
                "config.json: hidden_size: expected an integer (Int), found the string 'wide'"))
        let deep = try #require(try decodingError(#"{"hidden_size": 1, "rope": {"factors": [1, null]}}"#))
        #expect(deep.description.hasSuffix("config.json: rope.factors[1]: expected a number, found null"))
        let twice = try #require(try decodingError(#"{"hidden_size": 1, "hidden_size": 2}"#))
        #expect(twice.description.contains("'hidden_size' a second time"))
        let fraction = try #require(try decodingError(#"{"hidden_size": 1.5}"#))
        #expect(fraction.description.hasSuffix("hidden_size: expected an integer (Int), found 1.5"))
        let huge = try #require(try decodingError(#"{"hidden_size": 9223372036854775808}"#))
        #expect(
            huge.description.contains("hidden_size: expected an integer (Int), found 9223372036854775808"))
        let list = try #require(try decodingError("[1]"))
        #expect(list.description.contains("config.json: the whole file: expected "))
        #expect(list.description.hasSuffix(", found an array of 1"))
        let empty = try #require(try decodingError(#"{"hidden_size": 1, "rope": 3}"#))
        #expect(empty.description.contains("rope: expected an object, found 3"))
    }

    @Test func decodesAsFoundationDoes() throws {
        struct Everything: Codable, Equatable {
            enum Kind: String, Codable { case gelu, relu }
            var optional: Int?
            var flags: [Bool]
            var names: [String: [Float]]
            var numbers: [Int?]
            var kind: Kind
            var small: UInt8
            var nested: [[Double]]
        }
        let json =
            #"{"optional":null,"flags":[true,false],"names":{"a":[1,2.5],"b":[]},"numbers":[1,null,-3.0],"#
            + #""kind":"gelu","small":255,"nested":[[],[1e-12,3]],"ignored":{}}"#
        let folder = try TemporaryFolder()
        try folder.write(json, to: "config.json")
        let decoded = try ModelFolder(path: folder.path).decode(Everything.self)
        #expect(try decoded == JSONDecoder().decode(Everything.self, from: Data(json.utf8)))
        #expect(try ModelFolder(path: folder.path).data(of: "config.json") == Data(json.utf8))
    }

    @Test func missingFilesSayWhatToDo() throws {
        let folder = try TemporaryFolder()
        let model = try ModelFolder(path: folder.path)
        let config = #expect(throws: ModelFileError.self) { try model.decode(Config.self) }
        #expect(config?.description.hasPrefix("\(folder.path) holds no config.json. ") == true)
        let weights = #expect(throws: ModelFileError.self) { try model.weights() }
        #expect(weights?.description.hasPrefix("\(folder.path) holds no model.safetensors. ") == true)
        #expect(model.tokenizerPath == nil && model.vocabularyPath == nil)
        #expect(try model.sentenceModules() == nil)
        #expect(throws: ModelFileError.self) { try ModelFolder(path: folder.path + "/absent") }
    }

    @Test func pickledWeightsAreExplained() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "pytorch_model.bin")
        let error = #expect(throws: ModelFileError.self) { try ModelFolder(path: folder.path).weights() }
        #expect(error?.description.contains("Convert it once") == true)
        #expect(error?.description.contains("s.save_file") == true)
    }

    @Test func readsOneFileOrItsShards() throws {
        let folder = try TemporaryFolder()
        let tensor = { (name: String, value: Float) throws in
            try StoredTensor(name: name, Tensor([value], shape: [1]))
        }
        try SafetensorsWriter.write(
            [try tensor("a", 1), try tensor("b", 2)], to: folder.path + "/m-1.safetensors")
        try SafetensorsWriter.write([try tensor("c", 3)], to: folder.path + "/m-2.safetensors")
        try folder.write(
            #"{"metadata":{"total_size":12},"weight_map":{"a":"m-1.safetensors","b":"m-1.safetensors","c":"m-2.safetensors"}}"#,
            to: "model.safetensors.index.json")
        let model = try ModelFolder(path: folder.path)
        let sharded = try model.weights()
        #expect(sharded.tensorNames.sorted() == ["a", "b", "c"])
        #expect(try sharded.tensor("c", shape: [1]).scalars == [3])
        #expect(sharded.contains("b") && !sharded.contains("d"))
        #expect(sharded.label.hasSuffix("model.safetensors.index.json"))

        try SafetensorsWriter.write([try tensor("whole", 4)], to: folder.path + "/model.safetensors")
        #expect(try model.weights().tensorNames == ["whole"])
    }

    @Test(arguments: [
        #"{"weight_map":{"a":"../m.safetensors"}}"#, #"{"weight_map":{"a":"/etc/passwd"}}"#,
        #"{"weight_map":{"a":"sub/m.safetensors"}}"#, #"{"weight_map":{"a":".."}}"#,
        #"{"weight_map":{"a":""}}"#,
        #"{"weight_map":{"a":"m.safetensors\u0000.txt"}}"#, #"{"weight_map":{"a":"sub\\m.safetensors"}}"#,
        #"{"weight_map":{"a":1}}"#, #"{"weight_map":[]}"#, "{}", "[]",
        #"{"weight_map":{"a":"absent.safetensors"}}"#,
        #"{"weight_map":{"b":"m.safetensors"}}"#,
        #"{"weight_map":{"a":"m.safetensors","a":"m.safetensors"}}"#,
        "{\"weight_map\":{\"e\u{301}\":\"m.safetensors\"}}",
    ])
    func hostileIndicesAreRefused(_ index: String) throws {
        let folder = try TemporaryFolder()
        for name in ["m.safetensors", "x/m.safetensors", "x/sub/m.safetensors"] {
            try folder.folder("x/sub")
            try SafetensorsWriter.write(
                [
                    StoredTensor(name: "a", Tensor([1], shape: [1])),
                    StoredTensor(name: "é", Tensor([1], shape: [1])),
                ],
                to: "\(folder.path)/\(name)")
        }
        try folder.write(index, to: "x/model.safetensors.index.json")
        let error = #expect(throws: ModelFileError.self) {
            try ModelFolder(path: folder.path + "/x").weights()
        }
        #expect(error?.description.hasPrefix(folder.path) == true)
    }

    @Test func readsSentenceModules() throws {
        let folder = try TemporaryFolder()
        let model = try ModelFolder(path: folder.path)
        try folder.write(
            """
            [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
             {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
             {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]
            """, to: "modules.json")
        try folder.write(#"{"word_embedding_dimension": 384}"#, to: "1_Pooling/config.json")
        #expect(try model.sentenceModules()?.map(\.kind) == ["Transformer", "Pooling", "Normalize"])
        let name = try #require(try model.sentenceModules()?[1].name(ofFile: "config.json"))
        #expect(name == "1_Pooling/config.json")
        #expect(try model.decode([String: Int].self, from: name) == ["word_embedding_dimension": 384])
        for path in ["../x", "/etc", "a//b", "a/..", "."] {
            try folder.write(
                #"[{"path":"\#(path)","type":"sentence_transformers.models.Pooling"}]"#, to: "modules.json")
            #expect(throws: ModelFileError.self) { try model.sentenceModules() }
        }
        // Code that comes with a model, and a module that would replace another.
        for modules in [
            #"[{"path":"","type":"custom_st.Transformer"}]"#, #"[{"path":"","type":"Transformer"}]"#,
            #"[{"path":""}]"#,
            #"""
            [{"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
             {"name":"0","path":"1","type":"sentence_transformers.models.Pooling"}]
            """#,
        ] {
            try folder.write(modules, to: "modules.json")
            #expect(throws: ModelFileError.self) { try model.sentenceModules() }
        }
    }
}
